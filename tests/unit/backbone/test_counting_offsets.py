"""What lies on a topic is counted by offsets where whoever writes there may do so outside transactions only."""

from pathlib import Path

import pytest

from backbone.errors import Stop
from backbone.offsets import Offsets
from backbone.settings import Settings
from schemas.institutions import INSTITUTIONS
from schemas.topics import DECLARATIONS, changes


@pytest.mark.parametrize("institution", INSTITUTIONS)
def test_nothing_that_an_institution_wrote_is_unpacked_to_be_counted(institution: str, tmp_path: Path) -> None:
    look = Offsets(Settings(home=tmp_path), "inspector")
    assert look.left({(changes(institution), 0): 7}, {(changes(institution), 0): 4}) == 3
    # There is nobody to read records with.
    with pytest.raises(Stop, match="secret"):
        look.left({(DECLARATIONS[0], 0): 7}, {(DECLARATIONS[0], 0): 4})

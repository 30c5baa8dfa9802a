"""A broker that is silent is waited for: that it says nothing is no fault of the one who asks."""

from pathlib import Path

import pytest

from backbone import offsets
from backbone.errors import Retry
from backbone.offsets import Offsets
from backbone.settings import Settings
from schemas.topics import FINDINGS
from tests.builders.kafka_group import SilentAdmin


def test_who_asks_a_silent_broker_for_the_ends_of_topics_is_told_to_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offsets, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(Offsets, "_admin", SilentAdmin())
    with pytest.raises(Retry, match="Kafka does not answer"):
        Offsets(Settings(home=tmp_path), "inspector").ends([FINDINGS], 1)

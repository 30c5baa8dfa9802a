"""A large file that is not what it should be takes no more memory than a small one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.declarations import LATER
from tests.builders.updates import SOUND_UPDATE, persons

MEASURE = """
import re, sys
from pathlib import Path
from tests.builders.read_file import read
with read(Path(sys.argv[1])) as reading:
    highest = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())
    print(reading.accepted, int(highest[1]) >> 10)
"""


@pytest.mark.parametrize("place", ["</NaturalPerson>", "</Form>"])
def test_what_stands_between_persons_or_forms_does_not_pile_up(place: str, tmp_path: Path) -> None:
    path = tmp_path / "large.xml"
    strange = f"<Strange>{'x' * 3_000_000}</Strange>"
    head, tail = LATER[: LATER.index(place) + len(place)], LATER[LATER.index(place) + len(place) :]
    unit = "<CompanyVehicle><CompanyVehicleSequenceNbr>1</CompanyVehicleSequenceNbr></CompanyVehicle>"
    unit = "<Form/>" if place == "</Form>" else unit
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        for _ in range(60):
            file.write(strange + unit)
        file.write(tail)
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True, cwd=root)
    accepted, mebibytes = answer.stdout.split()
    assert accepted == "False"
    assert int(mebibytes) < 150


MEASURE_UPDATE = """
import re, sys
from pathlib import Path
from kruispunt.commands.intake.check import check_file
from rules.law.load import shipped_law
checked = check_file(Path(sys.argv[1]), None, shipped_law())
highest = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())
print(checked.accepted, checked.updates[0].persons, int(highest[1]) >> 10)
"""


def test_the_persons_of_an_update_do_not_pile_up(tmp_path: Path) -> None:
    def highest(number: int) -> int:
        path = tmp_path / f"{number}.xml"
        place = SOUND_UPDATE.index("<NaturalPersonUpdate>"), SOUND_UPDATE.index("<CompanyVehicleUpdateAction>")
        with path.open("w", encoding="utf-8") as file:
            file.write(SOUND_UPDATE[: place[0]])
            file.writelines(persons(number))
            file.write(SOUND_UPDATE[place[1] :])
        command = [sys.executable, "-c", MEASURE_UPDATE, str(path)]
        root = Path(__file__).parents[2]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
        accepted, read, mebibytes = answer.stdout.split()
        assert (accepted, int(read)) == ("True", number)
        return int(mebibytes)

    assert highest(20_000) < highest(10) + 30

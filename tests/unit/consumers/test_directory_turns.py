"""Each institution has its turns: a fault that the records of one bring out holds up nobody else."""

from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
import structlog
from structlog.testing import LogCapture

from backbone import positions
from backbone.errors import Retry, Stop
from backbone.settings import Settings
from consumers.directory import alarms, store
from consumers.directory import run as module
from consumers.directory.change_batch import UnreadableRecords
from consumers.directory.change_decision import DossierChange
from consumers.directory.run import Turns
from schemas.institutions import INSTITUTIONS
from schemas.topics import changes
from tests.builders.change_topics import MemoryBatches
from tests.builders.databases import IdleDatabase
from tests.builders.dossiers import MemoryDossiers


class FaultyDossiers(MemoryDossiers):
    """Takes in what comes, or fails for one institution."""

    def __init__(self, error: BaseException | None) -> None:
        super().__init__()
        self.error = error
        self.taken: dict[str, list[int]] = {}

    def decided(self, cursor: object, arrived: Sequence[DossierChange | UnreadableRecords]) -> None:
        [run] = arrived
        assert isinstance(run, UnreadableRecords)
        if self.error and run.institution == "fpd":
            raise self.error
        super().take_in(cursor, arrived)
        self.taken.setdefault(run.institution, []).append(run.records)


@pytest.fixture
def heard() -> LogCapture:
    return LogCapture()


@pytest.fixture
def turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heard: LogCapture) -> Turns:
    monkeypatch.setattr(positions, "store", lambda *_: True)
    monkeypatch.setattr(store, "write", lambda *_: None)
    monkeypatch.setattr(module, "GATHER_S", 0.0)
    log = structlog.wrap_logger(None, processors=[heard], wrapper_class=structlog.make_filtering_bound_logger(0))
    made = Turns(Settings(home=tmp_path), IdleDatabase(), MemoryBatches([b"x"] * 3), {}, log)  # type: ignore[arg-type]
    for institution in INSTITUTIONS:
        made._begin(institution, 0)
    return made


@pytest.mark.parametrize("error", [psycopg.DataError("1"), ValueError("85073003328"), RecursionError()])
def test_a_fault_is_told_without_its_words_and_tried_again_later_and_all_others_go_on(
    turns: Turns, heard: LogCapture, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    directory = FaultyDossiers(error)
    monkeypatch.setattr(store, "decided", directory.decided)
    monkeypatch.setattr(alarms, "raised", lambda _cursor: [])
    assert turns.handle_batch() == len(INSTITUTIONS) - 1
    assert turns.handle_batch() == 0
    assert directory.taken == {name: [3] for name in INSTITUTIONS if name != "fpd"}
    assert [entry["at"] for entry in heard.entries] == [f"{changes('fpd')}[0]@0: {type(error).__name__}"]
    directory.error = None
    turns._resting.clear()
    assert turns.handle_batch() == 1
    assert directory.taken["fpd"] == [3]


def test_a_place_that_is_lost_is_that_of_one_institution(
    turns: Turns, heard: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = FaultyDossiers(None)
    monkeypatch.setattr(store, "decided", directory.decided)
    monkeypatch.setattr(alarms, "raised", lambda _cursor: [])
    turns._reader.begin[changes("nic")] = 1  # type: ignore[attr-defined]
    assert turns.handle_batch() == len(INSTITUTIONS) - 1
    assert turns.handle_batch() == 0
    assert directory.taken == {name: [3] for name in INSTITUTIONS if name != "nic"}
    assert [entry["at"] for entry in heard.entries] == [f"{changes('nic')}[0]@0: its place is lost"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.OperationalError(), Retry),
        (psycopg.errors.UniqueViolation(), Retry),
        (psycopg.errors.InsufficientPrivilege(), Stop),
        (Retry("later"), Retry),
        (Stop("no"), Stop),
    ],
)
def test_what_is_nobodys_fault_begins_again_or_stops_the_process(
    turns: Turns, heard: LogCapture, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception]
) -> None:
    monkeypatch.setattr(store, "decided", FaultyDossiers(error).decided)
    monkeypatch.setattr(alarms, "raised", lambda _cursor: [])
    with pytest.raises(kind):
        turns.handle_batch()
    assert heard.entries == []

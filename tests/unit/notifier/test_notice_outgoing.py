"""The print service finds whole batches or none."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from notifier.letter.print_folder import MANIFEST, PrintFolder, batch_name
from notifier.letter.typesetter import Letter

LETTERS = [Letter(f"notice{n}", ("Anna Peeters", "Kerkstraat 1", "9000 GENT"), f"%PDF {n}".encode(), n) for n in (1, 2)]
BATCH = "20261123-00-abc"


def visible(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))


def test_a_batch_is_not_to_be_seen_before_it_is_handed_over(tmp_path: Path) -> None:
    outgoing = PrintFolder(tmp_path)
    outgoing.begin(BATCH)
    outgoing.fill(BATCH, LETTERS)
    assert visible(tmp_path) == []
    assert outgoing.is_begun(BATCH)
    outgoing.hand_over(BATCH)
    assert visible(tmp_path) == [BATCH]
    assert not outgoing.is_begun(BATCH)


def test_the_manifest_has_a_line_for_each_letter_that_holds_its_hash(tmp_path: Path) -> None:
    outgoing = PrintFolder(tmp_path)
    outgoing.begin(BATCH)
    outgoing.fill(BATCH, LETTERS)
    outgoing.hand_over(BATCH)
    lines = [orjson.loads(line) for line in (tmp_path / BATCH / MANIFEST).read_bytes().splitlines()]
    assert [line["notice"] for line in lines] == ["notice1", "notice2"]
    for line in lines:
        content = (tmp_path / BATCH / line["file"]).read_bytes()
        assert line["sha256"] == hashlib.sha256(content).hexdigest()
        assert line["address"] == ["Anna Peeters", "Kerkstraat 1", "9000 GENT"]
    assert [line["pages"] for line in lines] == [1, 2]


def test_a_batch_can_be_filled_again_after_a_crash(tmp_path: Path) -> None:
    for _ in range(2):
        outgoing = PrintFolder(tmp_path)
        outgoing.begin(BATCH)
        outgoing.fill(BATCH, LETTERS)
    outgoing.hand_over(BATCH)
    assert len(list((tmp_path / BATCH).glob("*.pdf"))) == 2


def test_a_batch_is_never_handed_over_a_second_time(tmp_path: Path) -> None:
    outgoing = PrintFolder(tmp_path)
    outgoing.begin(BATCH)
    outgoing.fill(BATCH, LETTERS)
    outgoing.hand_over(BATCH)
    with pytest.raises(FileNotFoundError):
        outgoing.hand_over(BATCH)


def test_only_what_one_partition_began_and_never_accounted_for_is_thrown_away(tmp_path: Path) -> None:
    outgoing = PrintFolder(tmp_path)
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    mine, other, kept = (batch_name(number, [name], moment) for number, name in ((1, "a"), (2, "b"), (1, "c")))
    for batch in (mine, other, kept):
        outgoing.begin(batch)
    outgoing.clear(1, {kept})
    assert [outgoing.is_begun(batch) for batch in (mine, other, kept)] == [False, True, True]


def test_the_same_notices_make_the_same_batch() -> None:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    assert batch_name(3, ["a", "b"], moment) == batch_name(3, ["b", "a"], moment)

"""The directory takes a file whole or not at all, and taking it again changes nothing."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from backbone import postgres
from backbone.errors import Reject
from backbone.settings import Settings
from consumers.directory import Dossier, Dossiers, look_up
from consumers.directory.loading import Loaded, load
from consumers.directory.lookup import listing
from schemas.identifiers import inss

PERSONS = [inss(700101000 + number, after_2000=False) for number in range(3)]


def line(person: str, institution: str = "rva", quality: str = "18/1", **changes: Any) -> dict[str, Any]:
    return {
        "person": person, "institution": institution, "quality": quality, "from": "2024-01-01", "until": None,
    } | changes  # fmt: skip


def write(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / "directory.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
    return path


def loaded(settings: Settings, path: Path) -> Loaded:
    with postgres.connect(settings, "operator") as connection:
        return load(connection, path)


def known(settings: Settings) -> Dossiers:
    with postgres.connect(settings, "exchange") as connection, connection.cursor() as cursor:
        return look_up(cursor, PERSONS)


def test_a_file_is_taken_in_once_and_a_closed_dossier_is_closed(servers: Settings, tmp_path: Path) -> None:
    first = write(tmp_path, line(PERSONS[0]), line(PERSONS[1], "nic", "11/2", until="2024-06-30"))
    assert loaded(servers, first) == Loaded(lines=2, changed=2)
    assert loaded(servers, first) == Loaded(lines=2, changed=0)
    assert known(servers) == {
        PERSONS[0]: [Dossier("rva", "18/1", date(2024, 1, 1), None)],
        PERSONS[1]: [Dossier("nic", "11/2", date(2024, 1, 1), date(2024, 6, 30))],
    }
    closed = write(tmp_path, line(PERSONS[0], until="2026-03-31"))
    assert loaded(servers, closed).changed == 1
    assert known(servers)[PERSONS[0]] == [Dossier("rva", "18/1", date(2024, 1, 1), date(2026, 3, 31))]
    with postgres.connect(servers, "operator") as connection:
        listed = [one for one in listing(connection) if one["person"] in PERSONS]
    assert listed == [
        line(PERSONS[0], until="2026-03-31", version=2),
        line(PERSONS[1], "nic", "11/2", until="2024-06-30", version=1),
    ]


def test_a_wrong_line_is_told_with_its_number_and_nothing_is_taken_in(servers: Settings, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        line(PERSONS[2]),
        line("85010100199"),
        line(PERSONS[2], "rjv"),
        line(PERSONS[2], "xyz"),
        line(PERSONS[2], until="2023-12-31"),
        line(PERSONS[2], **{"from": "soon"}),
        {"person": PERSONS[2]},
    )
    path.write_text(path.read_text("utf-8") + "not json\n", "utf-8")
    with pytest.raises(Reject) as refused:
        loaded(servers, path)
    reason = refused.value.reason
    assert [number for number in range(1, 9) if f"line {number}: " in reason] == [2, 3, 4, 5, 6, 7, 8]
    assert "85010100199" not in reason
    assert PERSONS[2] not in known(servers)

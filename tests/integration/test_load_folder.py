"""A folder of profiles and dossiers is loaded whole or not at all, and says what is wrong without saying of whom."""

from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest

from backbone import postgres
from backbone.settings import Settings
from tests.builders.persons import ADDRESS, national_number, profile_line
from tests.builders.processes import within

NUMBERS = count(61_000)
STREET = "Zilverspartstraat"


def somebody(**changes: Any) -> dict[str, Any]:
    address = {**ADDRESS, "street": STREET, "box": None}
    name = {"first": "Anna", "last": "Peeters-Vandamme"}
    return profile_line(national_number(next(NUMBERS)), name=name, address=address) | changes


def write(folder: Path, name: str, *lines: dict[str, Any]) -> None:
    (folder / name).write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))


def load(settings: Settings, folder: Path, code: int, *hidden: str) -> str:
    done = within(settings.home, "load", folder, COLUMNS="400")
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert not [word for word in (STREET, "Vandamme", "Traceback", "DETAIL", *hidden) if word in said]
    return said


def stored(settings: Settings, *persons: str) -> list[tuple[Any, ...]]:
    with postgres.connect(settings, "operator") as connection:
        return connection.execute(
            "select recipient, first_name, name from notifier.profile where recipient = any(%s) order by recipient",
            (list(persons),),
        ).fetchall()


def acts(settings: Settings) -> list[dict[str, Any]]:
    with postgres.connect(settings, "owner") as connection:
        return [orjson.loads(text) for (text,) in connection.execute("select line from audit.act order by number")]


def refusals(settings: Settings) -> list[tuple[str, int]]:
    found = acts(settings)
    return [(one["action"], one["detail"]["faults"]) for one in found if "refused a file" in one["action"]]


def test_a_wrong_line_in_one_file_keeps_all_files_out_and_every_file_says_what_is_wrong(
    servers: Settings, tmp_path: Path
) -> None:
    sound, wrong = somebody(), somebody(language="es")
    firm = {**somebody(), "employer": "0403019261", "name": "Bakkerij"}
    del firm["person"]
    write(tmp_path, "persons.jsonl", sound, wrong)
    write(tmp_path, "employers.jsonl", firm)
    write(tmp_path, "directory.jsonl", {"person": sound["person"]})
    before = refusals(servers)
    said = load(servers, tmp_path, 2, sound["person"], wrong["person"])
    assert "persons.jsonl: 1 line is wrong." in said
    assert "Line 2: language must be one of" in said
    assert "line 1: 000051" in said
    assert "Nothing was loaded" in said
    assert stored(servers, sound["person"], "0403019261") == []
    assert refusals(servers)[len(before) :] == [
        ("was refused a file of profiles of persons", 1), ("was refused a file of dossiers", 1),
    ]  # fmt: skip
    write(tmp_path, "persons.jsonl", sound, wrong | {"language": "fr"})
    write(tmp_path, "directory.jsonl")
    assert "profiles of persons: 2 new or changed" in load(servers, tmp_path, 0)
    assert len(stored(servers, sound["person"], wrong["person"])) == 2
    assert "profiles of persons: 0 new or changed" in load(servers, tmp_path, 0)


def test_what_was_loaded_is_one_act_a_file(servers: Settings, tmp_path: Path) -> None:
    anna = somebody()
    write(tmp_path, "persons.jsonl", anna)
    dossier = {"person": anna["person"], "institution": "rva", "quality": "18/1", "from": "2025-01-01", "until": None}
    write(tmp_path, "directory.jsonl", dossier)
    before = len(acts(servers))
    load(servers, tmp_path, 0, anna["person"])
    assert [(one["action"], one["about"]) for one in acts(servers)[before:]] == [
        ("loaded profiles of persons", "persons.jsonl"), ("loaded dossiers", "directory.jsonl"),
    ]  # fmt: skip


def test_a_line_that_contradicts_another_is_refused_and_one_that_repeats_it_is_not(
    servers: Settings, tmp_path: Path
) -> None:
    anna, other = somebody(), somebody()
    write(tmp_path, "persons.jsonl", anna, other, anna, anna | {"language": "fr"}, other | {"email": "a@mail.example"})
    said = load(servers, tmp_path, 2, anna["person"])
    assert "2 lines are wrong" in said
    assert "Line 4: says otherwise than line 1" in said
    assert "Line 5: says otherwise than line 2" in said
    assert stored(servers, anna["person"], other["person"]) == []
    write(tmp_path, "persons.jsonl", anna, other, anna)
    assert "2 new or changed" in load(servers, tmp_path, 0)


def test_somebody_with_one_name_is_loaded_and_a_sign_of_windows_is_mended(servers: Settings, tmp_path: Path) -> None:
    one, two = somebody(name={"first": None, "last": "Suharto"}), somebody(name={"first": "Jan", "last": "D\x92Hondt"})
    write(tmp_path, "persons.jsonl", one, two)
    load(servers, tmp_path, 0)
    assert [row[1:] for row in stored(servers, one["person"], two["person"])] == [
        ("", "Suharto"), ("Jan", "D’Hondt"),
    ]  # fmt: skip


def test_what_the_database_refuses_is_told_without_the_row(servers: Settings, tmp_path: Path) -> None:
    anna = somebody()
    write(tmp_path, "persons.jsonl", anna)
    with postgres.connect(servers, "owner", autocommit=True) as connection:
        connection.execute("alter table notifier.profile add constraint strange check (town <> 'Gent') not valid")
        try:
            said = load(servers, tmp_path, 3, anna["person"])
        finally:
            connection.execute("alter table notifier.profile drop constraint strange")
    assert "23514" in said
    assert stored(servers, anna["person"]) == []


@pytest.mark.parametrize("name", ["persons.jsonl", "directory.jsonl"])
def test_a_folder_where_a_file_should_be_is_wrong_use(servers: Settings, tmp_path: Path, name: str) -> None:
    write(tmp_path, "employers.jsonl")
    (tmp_path / name).mkdir()
    assert name in load(servers, tmp_path, 2)

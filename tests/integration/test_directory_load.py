"""The directory takes a file whole or not at all, and taking it again changes nothing."""

import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from backbone import postgres
from backbone.errors import Reject
from backbone.settings import Settings
from consumers.directory import Dossier, Dossiers, look_up
from consumers.directory.file_loader import LoadedDossiers, load
from consumers.directory.lookup import listing
from population.generate import generate
from tests.builders.persons import national_number

PERSONS = [national_number(number, date(1970, 1, 1)) for number in range(3)]
FRESH = time.time_ns() // 1_000_000


def line(person: str, institution: str = "rva", quality: str = "18/1", **changes: Any) -> dict[str, Any]:
    return {
        "person": person, "institution": institution, "quality": quality, "from": "2024-01-01", "until": None,
    } | changes  # fmt: skip


def write(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / "directory.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
    return path


def loaded(settings: Settings, path: Path) -> LoadedDossiers:
    with postgres.connect(settings, "operator") as connection:
        return load(connection, path)


def known(settings: Settings) -> Dossiers:
    with postgres.connect(settings, "exchange") as connection, connection.cursor() as cursor:
        return look_up(cursor, PERSONS)


def test_a_file_is_taken_in_once_and_a_closed_dossier_is_closed(servers: Settings, tmp_path: Path) -> None:
    first = write(tmp_path, line(PERSONS[0]), line(PERSONS[1], "nic", "11/2", until="2024-06-30"))
    assert loaded(servers, first) == LoadedDossiers(lines=2, changed=2)
    assert loaded(servers, first) == LoadedDossiers(lines=2, changed=0)
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
    for number, code in enumerate(("400010", "300010", "000051", "400030", "000051", "000051", "000050"), 2):
        assert f"line {number}: {code}: " in reason
    assert "85010100199" not in reason
    assert PERSONS[2] not in known(servers)


def unknown(number: int) -> str:
    """Somebody nobody has on file before this run."""
    return national_number(FRESH % 10_000 * 10 + number, date(1977, 1, 1))


def kept(settings: Settings, *persons: str) -> list[tuple[Any, ...]]:
    with postgres.connect(settings, "operator") as connection:
        return connection.execute(
            "select quality, since::text, until::text, version, ended is not null from directory.dossier"
            " where person = any(%s) order by quality, since, ended nulls last",
            (list(persons),),
        ).fetchall()


def integrations(settings: Settings, *persons: str) -> list[tuple[Any, ...]]:
    with postgres.connect(settings, "replay") as connection:
        return connection.execute(
            "select quality, until::text from directory.integration where person = any(%s) order by id",
            (list(persons),),
        ).fetchall()


def refused(settings: Settings, path: Path) -> str:
    with pytest.raises(Reject) as error:
        loaded(settings, path)
    return error.value.reason


def acts(settings: Settings) -> list[dict[str, Any]]:
    with postgres.connect(settings, "owner") as connection:
        return [json.loads(text) for (text,) in connection.execute("select line from audit.act order by number")]


def test_another_last_day_is_a_new_version_and_only_what_grows_is_told_to_replays(
    servers: Settings, tmp_path: Path
) -> None:
    who = unknown(0)
    for until, changed in (("2024-06-30", 1), ("2024-06-30", 0), ("2024-03-31", 1), (None, 1), ("2026-03-31", 1)):
        assert loaded(servers, write(tmp_path, line(who, until=until))) == LoadedDossiers(1, changed)
    assert kept(servers, who) == [("18/1", "2024-01-01", "2026-03-31", 4, False)]
    assert integrations(servers, who) == [("18/1", "2024-06-30"), ("18/1", None)]


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ([line("", until="2024-03-31"), line("", **{"from": "2024-03-31"})], [3]),
        ([line("", until="2024-03-31"), line("", until="2024-04-30")], [3]),
        ([line(""), line(""), line("", until="2024-04-30")], [4]),
        ([line("", **{"from": "2029-01-01"}), line("")], [2]),
        ([line("", **{"from": "2023-12-01", "until": "2024-01-01"}), line("")], [3]),
        ([line("", quality="18/4", **{"from": "2020-07-01"})], [2]),
        ([line("", quality="18/4", **{"from": "2019-01-01"})], [2]),
        ([line("", quality="18/4", **{"from": "2020-01-01", "until": "2021-03-01"})], [2]),
    ],
)
def test_a_period_that_contradicts_another_refuses_the_whole_file(
    servers: Settings, tmp_path: Path, lines: list[dict[str, Any]], wrong: list[int]
) -> None:
    who, sound = unknown(1), unknown(2)
    on_file = [
        line(who, quality="18/4", **{"from": "2020-01-01", "until": "2020-12-31"}),
        line(who, quality="18/4", **{"from": "2021-03-01", "until": "2021-12-31"}),
    ]
    loaded(servers, write(tmp_path, *on_file))
    before = kept(servers, who), len(integrations(servers, who)), len(acts(servers))
    path = write(tmp_path, line(sound), *(one | {"person": who} for one in lines))
    said = refused(servers, path)
    assert [number for number in range(1, 9) if f"line {number}: 400040: " in said] == wrong
    assert who not in said
    assert (kept(servers, who), len(integrations(servers, who))) == before[:2]
    assert kept(servers, sound) == []
    [*_, act] = acts(servers)
    assert (act["action"], act["about"]) == ("was refused a file of dossiers", "directory.jsonl")
    assert len(acts(servers)) == before[2] + 1


def test_periods_that_follow_each_other_and_other_qualities_contradict_nothing(
    servers: Settings, tmp_path: Path
) -> None:
    who = unknown(3)
    path = write(
        tmp_path,
        line(who, until="2024-03-31"), line(who, **{"from": "2024-04-01"}), line(who, **{"from": "2024-04-01"}),
        line(who, quality="18/4"), line(who, "nic", "11/1"),
    )  # fmt: skip
    assert loaded(servers, path) == LoadedDossiers(5, 4)
    # One ends where the next begins, in the same file.
    assert loaded(
        servers,
        write(tmp_path, line(who, until="2024-02-29"), line(who, **{"from": "2024-03-01", "until": "2024-03-31"})),
    ) == LoadedDossiers(2, 2)


def test_an_old_file_brings_nothing_back_that_was_ended(servers: Settings, tmp_path: Path) -> None:
    who = unknown(4)
    path = write(tmp_path, line(who))
    loaded(servers, path)
    with postgres.connect(servers, "operator") as connection:
        connection.execute("update directory.dossier set ended = now(), version = 2 where person = %s", (who,))
    assert loaded(servers, path) == LoadedDossiers(1, 0)
    assert loaded(servers, write(tmp_path, line(who, until="2026-01-01"))) == LoadedDossiers(1, 0)
    assert kept(servers, who) == [("18/1", "2024-01-01", None, 2, True)]
    assert len(integrations(servers, who)) == 1


def test_a_provisional_file_is_taken_in_and_asks_for_no_replay(servers: Settings, tmp_path: Path) -> None:
    who = unknown(5)
    assert loaded(servers, write(tmp_path, line(who, quality="18/902"))).changed == 1
    assert kept(servers, who) == [("18/902", "2024-01-01", None, 1, False)]
    assert integrations(servers, who) == []


def test_two_quarters_of_the_same_people_can_be_loaded_in_any_order(servers: Settings, tmp_path: Path) -> None:
    quarters = ("2026Q3", "2017Q1", "2026Q4")
    for quarter in quarters:
        generate(1_500, quarter, tmp_path / quarter, seed=3)
    for quarter in (*quarters, *quarters):
        assert loaded(servers, tmp_path / quarter / "directory.jsonl").lines > 1_500
    assert loaded(servers, tmp_path / "2017Q1" / "directory.jsonl").changed == 0

"""The log of PostgreSQL holds nothing of a person, whatever goes wrong with a row that does."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import Connection

from backbone.postgres import connect, conninfo
from backbone.settings import Settings
from backbone.stack.places import Places
from backbone.stack.postgres import SHARED

NUMBER = "81113099874"
PATIENCE_S = 20.0


INSERT = "insert into person (number) values ('NUMBER')"
FAULTS = {
    "a number that is there already": ("23505", INSERT, None),
    "a copied number that is there already": ("23505", "copy person (number) from stdin", NUMBER),
    "a line with a column too many": ("22P04", "copy person (number) from stdin", "NUMBER\tmore"),
    "a line with a number where a date belongs": ("22007", "copy person (born) from stdin", "NUMBERx"),
    "a line that breaks a check": ("23514", "copy person (number, days) from stdin", "NUMBER0\t-1"),
    "a row that breaks a check": ("23514", "insert into person values ('NUMBER1', null, -1)", None),
    "a row without what it must have": ("23502", "update person set days = null where number = 'NUMBER'", None),
    "a value of another type": ("22P02", "select 'NUMBERx'::boolean", None),
    "a statement that is not one": ("42601", "select from from 'NUMBER'", None),
    "a function that says it itself": ("P0001", "do $$ begin raise exception 'about NUMBER'; end $$", None),
}
"""What goes wrong: PostgreSQL's code for it, the statement, and the line that is copied, NUMBER standing for one."""


def provoke(connection: Connection[tuple[object, ...]], statement: str, line: str | None) -> None:
    with connection.cursor() as cursor:
        if line is None:
            cursor.execute(statement.replace("NUMBER", NUMBER).encode())
            return
        with cursor.copy(statement.encode()) as rows:
            rows.write(line.replace("NUMBER", NUMBER) + "\n")


@pytest.fixture(scope="module")
def own(servers: Settings) -> Iterator[Connection[tuple[object, ...]]]:
    """A table of persons, in the database of an institution, that goes with its connection."""
    with connect(servers, "rva", "rva", autocommit=True) as connection:
        connection.execute(
            "create temporary table person"
            " (number text unique, born date, days int not null default 0 check (days >= 0))"
        )
        provoke(connection, INSERT, None)
        yield connection


@pytest.mark.parametrize("fault", FAULTS)
def test_an_error_about_a_person_tells_the_client_and_not_the_log(
    servers: Settings, own: Connection[tuple[object, ...]], fault: str
) -> None:
    log = Places(servers.home).logs / "postgres.log"
    before = log.stat().st_size
    code, statement, line = FAULTS[fault]
    with pytest.raises(psycopg.Error) as error:
        provoke(own, statement, line)
    assert error.value.sqlstate == code
    # What is logged after the error is there: so is what would have been logged of it.
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(conninfo(servers, "rva", "rva"), password="wrong")
    end = time.monotonic() + PATIENCE_S
    while b"password authentication failed" not in (since := log.read_bytes()[before:]):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert NUMBER.encode() not in since


def test_every_session_starts_with_the_settings_that_keep_the_log_clean_and_the_data_safe(servers: Settings) -> None:
    with connect(servers, "owner") as connection:
        rows = connection.execute(
            "select lower(name), setting from pg_settings where lower(name) = any(%s)", ([*SHARED],)
        )
        found: dict[str, str] = dict(rows.fetchall())
        (checksums,) = connection.execute("show data_checksums").fetchone() or ("",)
    assert found == SHARED
    assert checksums == "on"

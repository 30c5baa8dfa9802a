"""An error of PostgreSQL or of a disk is told as what it is, and never says what a row held."""

import errno
import io
import os
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
import typer
from psycopg import errors as postgres_errors

from backbone import trouble
from backbone.errors import Retry, Stop
from kruispunt.output import Exit, answering, as_json
from producers.intake.spool import IN_MEMORY, Spool

CODES = {
    code
    for kind in vars(postgres_errors).values()
    if isinstance(kind, type) and isinstance(code := getattr(kind, "sqlstate", None), str)
}
"""Every code this PostgreSQL may send."""


def raised(code: str) -> psycopg.Error:
    return postgres_errors.lookup(code)("duplicate key\nDETAIL:  Key (person)=(85073003328) already exists.")


@pytest.mark.parametrize("code", ["08000", "08001", "08003", "08006", "57P01", "57P02", "57P03"])
def test_only_a_connection_that_is_not_there_cannot_be_reached(code: str) -> None:
    told = trouble.of_postgres(raised(code))
    assert isinstance(told, Retry)
    assert str(told) == trouble.GONE


@pytest.mark.parametrize("kind", [psycopg.OperationalError, psycopg.InterfaceError])
def test_what_libpq_says_without_a_code_cannot_be_reached_either(kind: type[psycopg.Error]) -> None:
    assert str(trouble.of_postgres(kind("server closed the connection unexpectedly"))) == trouble.GONE


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("53100", "disk"), ("53200", "memory"), ("53300", "connection free"), ("53400", "limit"),
        ("57014", "cancelled"),
        ("40001", "Another transaction"), ("40P01", "Another transaction"), ("55P03", "Another transaction"),
        ("58030", "disk"), ("25006", "read-only"), ("57P05", "idle"),
    ],
)  # fmt: skip
def test_what_passes_is_told_as_what_it_is(code: str, word: str) -> None:
    told = trouble.of_postgres(raised(code))
    assert isinstance(told, Retry)
    assert word in told.reason
    assert code in told.reason
    assert "reached" not in str(told)
    assert "ry again" in told.remedy


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("42501", trouble.PROVISION), ("42P01", trouble.PROVISION), ("3D000", trouble.PROVISION),
        ("28P01", trouble.PROVISION), ("57P04", trouble.PROVISION),
        ("23505", trouble.OURS), ("23503", trouble.OURS), ("22003", trouble.OURS), ("22P02", trouble.OURS),
        ("42601", trouble.OURS), ("54000", trouble.OURS), ("XX000", trouble.OURS), ("P0001", trouble.OURS),
    ],
)  # fmt: skip
def test_what_is_refused_for_good_is_not_tried_again(code: str, remedy: str) -> None:
    told = trouble.of_postgres(raised(code))
    assert isinstance(told, Stop)
    assert code in told.reason
    assert told.remedy == remedy


def test_no_error_of_postgresql_repeats_what_a_row_held() -> None:
    assert len(CODES) > 200
    for code in CODES:
        assert "85073003328" not in str(trouble.of_postgres(raised(code)))
    with pytest.raises(Stop) as caught, trouble.translated():
        raise raised("23505")
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("number", sorted(trouble.STORAGE))
def test_a_place_that_is_in_the_way_passes(number: int) -> None:
    told = trouble.of_storage(OSError(number, os.strerror(number)), Path("out"))
    assert told is not None
    assert told.reason.startswith("out ")
    assert "try again" in told.remedy


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.EISDIR, errno.EPIPE])
def test_a_file_that_is_wrong_is_not_a_full_place(number: int) -> None:
    assert trouble.of_storage(OSError(number, os.strerror(number))) is None


class Full(io.BytesIO):
    """A file on a disk without room."""

    def write(self, _data: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_events_that_find_no_room_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_more: Full())
    with Spool() as spool, pytest.raises(Retry, match="is full") as caught:
        spool.write("topic", b"key", b"x" * (IN_MEMORY + 1))
    assert tempfile.gettempdir() in caught.value.reason
    assert "TMPDIR" in caught.value.remedy


def test_where_no_folder_takes_temporary_files_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "none")])
    with Spool() as spool, pytest.raises(Retry, match="No folder for temporary files") as caught:
        spool.write("topic", b"key", b"x" * (IN_MEMORY + 1))
    assert "TMPDIR" in caught.value.remedy


def ended(error: Exception) -> int:
    with pytest.raises(typer.Exit) as caught, answering():
        raise error
    return caught.value.exit_code


def test_a_command_ends_with_the_code_of_what_went_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    for error in (raised("53100"), raised("42501"), OSError(errno.ENOSPC, "No space left on device", "big.xml")):
        assert ended(error) == Exit.UNREACHABLE
    said = capsys.readouterr().err
    assert "The disk of PostgreSQL is full." in said
    assert "big.xml is full." in said
    assert "85073003328" not in said


def test_a_file_that_is_wrong_is_not_told_as_a_full_place(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught, answering():
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "x")
    assert caught.value.exit_code == Exit.WRONG_USE
    assert "x cannot be used: No such file or directory." in capsys.readouterr().err


def test_an_answer_that_nobody_got_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(typer.Exit) as caught, answering():
            as_json({"a": 1})
        assert caught.value.exit_code == Exit.UNREACHABLE

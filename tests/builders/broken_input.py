"""What is not as it should be: texts, homes of stacks that are none, and a command driven with them."""

from pathlib import Path

from kruispunt.cli import app
from tests.builders.command_line import CliRunner
from tests.builders.somebody import SOMEBODY, TOO_MUCH

QUOTE_THEIR_FILE = {"check", "submit"}
"""They are asked about a declaration and name the values that are wrong in it."""
FAULT = "This is a fault of Kruispunt"
BROKEN_TEXT = [
    "", " ", "\0", "\udcff", "-1", "9" * 400, "1e999", "nan", "[/red]", "../../etc/passwd", "2026-13-45", "99999-01-01",
    "2026Q9", "٢٠٢٦", "x" * 2_000,
]  # fmt: skip
HOMES = ["missing", "file", "settings folder", "binary", "list", "types", "unknown", "null"]


def settings_files(folder: Path) -> dict[str, Path]:
    """Homes of stacks that are none."""
    homes = {name: folder / name for name in ("missing", "file", "settings folder")}
    homes["file"].write_bytes(b"")
    (homes["settings folder"] / "settings.json").mkdir(parents=True)
    for name, content in {
        "binary": b"\0\xff\xfe", "list": b"[]", "types": b'{"postgres_port": "x"}', "unknown": b'{"posgres_port": 1}',
        "null": b'{"kafka_ca": 5, "home": null, "postgres_port": 1e400}',
    }.items():  # fmt: skip
        homes[name] = folder / name
        homes[name].mkdir()
        (homes[name] / "settings.json").write_bytes(content)
    return homes


def drive(given: list[str], stdin: bytes = b"") -> str:
    """Run a command in this process; gives all that it said."""
    found = CliRunner().invoke(app, given, input=stdin, prog_name="kruispunt")
    said = found.output
    assert found.exit_code in {0, 1, 2, 3}, said
    assert found.exception is None or isinstance(found.exception, SystemExit), said
    assert not TOO_MUCH.search(said), said
    assert given[0] in QUOTE_THEIR_FILE or not SOMEBODY.search(said), said
    assert FAULT not in said, said
    return said

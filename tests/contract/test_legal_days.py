"""Only schemas/legal_day.py makes a day of a moment: in Python, in SQL, in templates and in shell scripts."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOM = "schemas/legal_day.py"
FOLDERS = (
    "schemas",
    "backbone",
    "producers",
    "population",
    "consumers",
    "rules",
    "notifier",
    "kruispunt",
    "benchmarks",
    "examples",
)
DAYS_NOT_MOMENTS = {
    ("kruispunt/cli/app.py", "named.date()"): "an option that names a day",
    ("rules/calculation/months.py", "self.first:%Y-%m"): "the first day of a month",
    ("rules/casebook/case_history.py", "born:%y%m%d"): "a birth date",
    ("population/persons.py", "born:%y%m%d"): "a birth date",
    ("tests/builders/persons.py", "born:%y%m%d"): "a birth date",
    ("population/careers.py", "start:%Y-%m"): "the first day of a job",
    ("notifier/letter/print_folder.py", "day:%Y%m%d"): "the legal day of a batch",
}
DAY_SIGN = re.compile(r"%[-#]?[aAdjyYmbBxDFUVWgGu]")
HOUR_SIGN = re.compile(r"%[-#]?[HIcTRs]")
ISO_DAY, ISO_MONTH = 10, 7
SQL = re.compile(
    r"\bcurrent_date\b|\blocaltimestamp\b|::\s*date\b(?!\s*\[)|\bas\s+date\s*\)|\bdate_trunc\b|\bdate_part\b"
    r"|\bextract\s*\(|\bat\s+time\s+zone\b|\btimezone\s*\(|\bto_char\s*\(|\bto_date\s*\("
    r"|\b(?:at|ended|withdrawn|\w+_at)\s*(?:[<>]=?|=)\s*(?:any\s*\()?%\((?:day|on|date)\)s",
    re.IGNORECASE,
)
MOMENTS_AS_TEXT = "to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
"""A whole moment with its time zone, not a day."""
OTHERS = re.compile(r"strftime|datetime\.today|\bLocalDate\b|\bdate\s+(?:-u\s+)?\+|new Date\(")


def _shows_a_day(form: str) -> bool:
    return bool(DAY_SIGN.search(form)) and not HOUR_SIGN.search(form)


def _written(node: ast.AST) -> str:
    """An expression as it is written; of a value in a text, the value and its format."""
    match node:
        case ast.FormattedValue(value=value, format_spec=ast.JoinedStr(values=parts)):
            return f"{ast.unparse(value)}:{''.join(str(one.value) for one in parts if isinstance(one, ast.Constant))}"
    return ast.unparse(node)


def _suspect(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="today" | "fromtimestamp" | "utcnow")):
            return True
        case ast.Call(func=ast.Attribute(attr="date"), args=[], keywords=[]):
            return True
        case ast.Call(func=ast.Attribute(attr="strftime"), args=[ast.Constant(value=str(form)), *_]):
            return _shows_a_day(form)
        case ast.Call(func=ast.Name(id="ZoneInfo")) | ast.Attribute(attr="localtime" | "gmtime"):
            return True
        case ast.Subscript(slice=ast.Slice(lower=None, upper=ast.Constant(value=end))):
            return end == ISO_DAY or (end == ISO_MONTH and "at" in ast.unparse(node).split("[")[0].split("."))
        case ast.FormattedValue(format_spec=ast.JoinedStr()):
            return _shows_a_day(_written(node))
        case ast.Constant(value=str(text)):
            return _in_sql(text)
    return False


def _in_sql(text: str) -> bool:
    return bool(SQL.search(text.replace(MOMENTS_AS_TEXT, "")))


def suspects(source: str, file: str) -> Iterator[str]:
    """What in a Python source makes a day of a moment, as far as reading can tell."""
    tree = ast.parse(source)
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if id(node) not in docstrings and _suspect(node) and (file, _written(node)) not in DAYS_NOT_MOMENTS:
            yield f"{file}: {_written(node)}"


def _files(*endings: str) -> Iterator[tuple[str, str]]:
    for folder in (*FOLDERS, "docker"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in endings and path.is_file() and not {"target", "__pycache__"} & set(path.parts):
                yield str(path.relative_to(ROOT)), path.read_text("utf-8")


def test_python_makes_no_day_of_a_moment_elsewhere() -> None:
    read = [(file, source) for file, source in _files(".py") if file != ROOM]
    assert len(read) > 300
    assert [found for file, source in read for found in suspects(source, file)] == []


def test_sql_makes_no_day_of_a_moment() -> None:
    read = list(_files(".sql"))
    assert len(read) > 10
    assert [file for file, text in read if _in_sql(text)] == []


def test_templates_scripts_and_java_make_no_day_of_a_moment() -> None:
    read = list(_files(".j2", ".typ", ".sh", ".java"))
    assert len(read) > 5
    assert [file for file, text in read if OTHERS.search(text)] == []


def test_every_exception_is_still_there() -> None:
    for file, text in DAYS_NOT_MOMENTS:
        nodes = ast.walk(ast.parse((ROOT / file).read_text("utf-8")))
        assert text in {_written(node) for node in nodes if isinstance(node, ast.expr)}, file


@pytest.mark.parametrize(
    "source",
    [
        "date.today()",
        "datetime.now(UTC).date()",
        "one.at.astimezone(UTC).date()",
        "datetime.date.fromtimestamp(0)",
        "f'{one.withdrawn:%Y-%m-%d}'",
        "moment.strftime('%d/%m/%Y')",
        "one['at'][:10]",
        "ZoneInfo('Europe/Brussels')",
        "cursor.execute('select 1 where until < current_date')",
        "cursor.execute('select at::date from x')",
        "cursor.execute('select * from x where ended >= %(day)s')",
        "cursor.execute(\"select (at at time zone 'utc')\")",
    ],
)
def test_each_way_to_make_a_day_of_a_moment_is_seen(source: str) -> None:
    assert list(suspects(source, "x.py"))


@pytest.mark.parametrize(
    "source",
    ["legal_day(one.at)", "f'{now:%Y-%m-%dT%H:%M:%S}'", "identifier[:12]", "cursor.execute('select %s::date[]')"],
)
def test_what_is_a_day_or_stays_a_moment_is_left_alone(source: str) -> None:
    assert list(suspects(source, "x.py")) == []

"""Every attempt in the table of `docs/security.md` has its test, and every test of an intruder stands in the table."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = set(re.findall(r"\| `(test_\w+)` \|$", (ROOT / "docs" / "security.md").read_text("utf-8"), re.MULTILINE))


def named_in(pattern: str) -> set[str]:
    return {
        node.name
        for path in (ROOT / "tests").rglob(pattern)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_attempt_in_the_table_is_tested() -> None:
    assert TABLE - named_in("test_*.py") == set()


def test_every_test_of_an_intruder_stands_in_the_table() -> None:
    assert named_in("test_intruder_*.py") - TABLE == set()

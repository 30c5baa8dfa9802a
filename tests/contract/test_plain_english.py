"""What a person reads is plain English: short, active, and without turns that only we use."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from kruispunt.cli import app

ROOT = Path(__file__).parents[2]
TURNS = {
    r"\bwhoever\b": "anyone who, or name the role",
    r"\bsomebody who\b": "a person who",
    r"\bnobody's\b": "",
    r"\bno byte more\b": "",
    r"(?<!there )\bis none\b": "invalid ...",
    r"\bstands? in\b(?! for)": "is in",
    r"\bwhat is told\b": "the notice",
    r", too\b(?! \w)": "also",
    r"(?<!here )\b(?:is|are) no (?!longer\b|more\b)\w": "is not a ...",
    r"\bas (?:rva|rjv|\d[\d./-]*(?:@\d|Q\d)?)\b(?! )": "e.g. rva",
    r"\breckon": "calculate",
    r"\bknock": "connect",
    r"\bdoors?\b": "endpoint",
    r"\bshuts? out\b": "fence",
    r"(?<!facts set )\baside\b": "dead letter",
    r"\bcomers\b": "new dossiers",
    r"\bfrom then on\b": "immediately",
    r"\bgoe?s? by it\b": "apply",
    r"\bstands? before\b": "run ... before",
}
SAYING = {"Stop", "Retry", "Reject", "Refused", "fail", "ValueError", "Missing", "WrongRequest", "print"}
SPEAKING = ("kruispunt", "consumers", "producers", "notifier", "backbone", "rules", "schemas", "population")


def turns(text: str) -> list[str]:
    """The turns in a text, each with what to write instead."""
    line = " ".join(text.split())
    return [
        f"{match[0]!r} in {line[max(0, match.start() - 40) : match.end() + 40]!r}: {instead}"
        for turn, instead in TURNS.items()
        for match in re.finditer(turn, line, re.IGNORECASE)
    ]


def unreleased() -> str:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    return text.partition("## Unreleased")[2].partition("\n## ")[0]


def helps() -> Iterator[tuple[str, str]]:
    """Every help text of the command line, by command."""

    def walk(command: Any, name: str) -> Iterator[tuple[str, str]]:
        yield name, command.help or ""
        for parameter in command.params:
            yield f"{name} {parameter.name}", getattr(parameter, "help", None) or ""
        for verb, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, f"{name} {verb}".strip())

    yield from walk(typer.main.get_command(app), "")


def spoken() -> Iterator[tuple[str, str]]:
    """Every string in an error or in what a command prints, by place."""
    for folder in SPEAKING:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in SAYING:
                    given = [*node.args, *(keyword.value for keyword in node.keywords)]
                    texts = [
                        inner.value
                        for argument in given
                        for inner in ast.walk(argument)
                        if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
                    ]
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", " ".join(texts)


DOCUMENTS = [ROOT / "README.md", ROOT / "docker" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def prose(markdown: str) -> str:
    """A document without its code: a name in code is somebody else's word."""
    return re.sub(r"```.*?```|`[^`\n]*`", "`…`", markdown, flags=re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_has_none_of_our_turns(document: Path) -> None:
    assert turns(prose(document.read_text("utf-8"))) == []


def test_what_is_unreleased_is_told_without_them() -> None:
    assert unreleased().strip()
    assert turns(prose(unreleased())) == []


def test_no_help_has_them() -> None:
    said = list(helps())
    assert len(said) > 100
    assert {name: found for name, text in said if (found := turns(text))} == {}


def test_no_message_has_them() -> None:
    said = list(spoken())
    assert len(said) > 150
    assert {place: found for place, text in said if (found := turns(text))} == {}


def test_a_turn_is_found() -> None:
    assert len(turns("Whoever has no deliberation left reads no more. Line 7 is none. Wipe the data, too.")) == 3
    assert turns("A recipient loses read access. There is no finding 3, and it is no longer there.") == []

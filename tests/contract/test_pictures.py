"""The pictures of the README are of the demo as it is, of synthetic persons, and load nothing from elsewhere."""

import json
import re
from html import unescape
from pathlib import Path

from kruispunt.commands.stack import demo

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NUMBER = re.compile(r"\b\d{11}\b|\b\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}\b")
LARGEST = 150_000
PNG = b"\x89PNG\r\n\x1a\n"


def terminal() -> str:
    """What can be read in the picture of the terminal."""
    svg = (DOCS / "demo.svg").read_text("utf-8")
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", svg)).replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_readme_shows_the_way_the_terminal_and_a_letter() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    shown = re.findall(r"!\[[^\]]{40,}\]\((docs/[\w.]+)\)", text)
    shown += re.findall(r'<img src="(docs/[\w.]+)" width="\d+%" alt="[^"]{40,}">', text)
    assert shown == ["docs/flow.svg", "docs/demo.svg", "docs/letter.png"]


def test_the_terminal_shows_a_person_of_the_examples_and_no_number() -> None:
    persons = [
        json.loads(line)["name"] for line in (ROOT / "examples" / "persons.jsonl").read_text("utf-8").splitlines()
    ]
    names = {f"{name['first']} {name['last']}" for name in persons}
    assert {name for name in names if name in terminal()}
    assert NUMBER.findall(terminal()) == []


def test_the_terminal_has_the_words_of_the_demo() -> None:
    source = Path(demo.__file__).read_text("utf-8")
    titles = re.findall(r'_title\((2|3), f?"([^"{]+)', source)
    assert len(titles) == 2
    assert [title for _, title in titles if title.strip() not in terminal()] == []


def test_the_pictures_are_small_and_load_nothing() -> None:
    svg = (DOCS / "demo.svg").read_text("utf-8")
    assert re.findall(r"(?:href|src|url)\s*[=(]\s*[\"']?(?!#)[^\"')\s]+", svg) == []
    assert (DOCS / "letter.png").read_bytes().startswith(PNG)
    assert {path.name for path in (DOCS / "demo.svg", DOCS / "letter.png") if path.stat().st_size > LARGEST} == set()

"""The documents name only what is there."""

import re
from pathlib import Path

import pytest
import typer

from kruispunt.cli import app
from tests.builders.law import LAW

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
NAMED_PATH = re.compile(
    r"`((?:schemas|producers|population|consumers|rules|notifier|backbone|kruispunt|docker|docs|tests|benchmarks|examples)/[\w./*-]*)`"
)
VERB = re.compile(r"`?(?:\.venv/bin/)?kruispunt ([a-z]+)")


def test_the_first_command_of_the_readme_stands_before_line_25() -> None:
    assert any("make demo" in line for line in (ROOT / "README.md").read_text("utf-8").splitlines()[:25])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_a_document_names_is_there(document: Path) -> None:
    text = document.read_text("utf-8")
    links = [document.parent / link for link in LINK.findall(text)]
    named = [ROOT / path.rstrip("/") for path in NAMED_PATH.findall(text) if "*" not in path]
    patterns = [path for path in NAMED_PATH.findall(text) if "*" in path]
    # Not every document names one; the README does.
    assert document != DOCUMENTS[0] or links
    assert [str(path) for path in [*links, *named] if not path.exists()] == []
    assert [path for path in patterns if not list(ROOT.glob(path))] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_a_document_names_exists(document: Path) -> None:
    verbs = {
        verb
        for line in document.read_text("utf-8").splitlines()
        if "`" in line or "$" in line
        for verb in VERB.findall(line)
    }
    assert verbs - COMMANDS == set()


def test_the_readme_fits_on_ninety_lines() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 90


def test_a_word_of_the_glossary_means_one_thing() -> None:
    words = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)
    assert len(words) > 90
    assert sorted(words) == sorted(set(words))


def test_every_target_the_readme_names_is_in_the_makefile() -> None:
    targets = set(re.findall(r"make ([a-z]+)", (ROOT / "README.md").read_text("utf-8")))
    defined = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert targets <= defined


def test_every_key_of_a_deliberation_is_explained() -> None:
    from consumers.deliberations import Deliberation

    keys = {field.alias or name for name, field in Deliberation.model_fields.items()}
    table = (ROOT / "docs" / "deliberations.md").read_text("utf-8")
    assert keys == set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))


def test_every_code_about_a_decision_is_explained_as_the_code_means_it() -> None:
    from producers.intake.decisions import MEANS, SOURCE, DecisionFault, SubmittedDecision

    text = (ROOT / "docs" / "anomalies.md").read_text("utf-8")
    told = re.findall(rf"^\| `{SOURCE}-(\d+)` \| (.+) \| (.+) \|$", text, re.MULTILINE)
    assert {DecisionFault(code): (means, remedy) for code, means, remedy in told} == MEANS
    assert set(MEANS) == set(DecisionFault)
    fields = {field.alias or name for name, field in SubmittedDecision.model_fields.items()}
    assert fields == set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def test_every_code_found_since_the_tables_is_listed() -> None:
    from schemas.dmfa.tables import TABLES_OF, rows

    text = (ROOT / "docs" / "anomalies.md").read_text("utf-8")
    listed = set(re.findall(r"^\| (\d{2,4}[.\d]*) \| (\w+) \| (\d{4}Q\d) \|", text, re.MULTILINE))
    lists = (ROOT / "schemas" / "dmfa" / "codes").glob("*.csv")
    found = {
        (row["code"], path.stem, row["from"])
        for path in lists
        for row in rows(f"codes/{path.name}")
        if row.get("from", "") > TABLES_OF
    }
    assert found
    assert listed == found


def test_every_part_of_a_later_form_that_was_heard_of_is_listed() -> None:
    from schemas.dmfa.later_forms import later_parts

    text = (ROOT / "docs" / "anomalies.md").read_text("utf-8")
    listed = re.findall(r"^\| (.+) \| (.+) \| (.+) \| (OFF|SEC|REPO) \| .+ \|$", text, re.MULTILINE)
    for part in later_parts().values():
        (row,) = [row for row in listed if (part.code in row[0] if part.code else part.number in row[1])]
        assert part.number in row[1] or row[1] == "not found"
        assert row[2] == (f"{part.first} to {part.last}" if part.first else "first quarter not found")
        assert row[3] == part.quality
    assert listed


def test_every_return_code_is_explained_as_the_answers_explain_it() -> None:
    from consumers.directory.return_codes import MEANS, ReturnCode

    assert list(MEANS) == list(ReturnCode)
    table = (ROOT / "docs" / "directory.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\d{6})` \| (.+) \| (.+) \|$", table, re.MULTILINE)
    assert rows == [(str(code), means, remedy) for code, (means, remedy) in MEANS.items()]


def test_the_page_of_rules_is_the_one_made_from_the_catalogue() -> None:
    from docs.rules import PAGE, page

    assert PAGE.read_text("utf-8") == page(LAW), "run `make rules`"


def test_the_page_of_rules_says_of_each_what_it_cannot_see_and_its_figures_with_period_and_label() -> None:
    from rules.catalogue import HISTORY_RULES, RULES

    text = (ROOT / "docs" / "rules.md").read_text("utf-8")
    overview = re.findall(r"^\| \[`(\w+)`\]\(#\w+\) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    assert [name for name, *_ in overview] == [*RULES, *HISTORY_RULES]
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    assert sections.keys() == LAW.parameters.keys()
    for name, parameters in LAW.parameters.items():
        rows = re.findall(r"^\| (.+?) \| (.*?) \| (.*?) \| .* \|$", sections[name], re.MULTILINE)[1:]
        assert [series for series, *_ in rows] == list(parameters.series)
        assert all(periods or unknown for _, periods, unknown in rows)


def test_every_right_of_a_citizen_has_its_row_in_the_page_on_deciding() -> None:
    from rules.catalogue import HISTORY_RULES

    text = (ROOT / "docs" / "deciding.md").read_text("utf-8")
    _, _, citizens = text.partition("\n## Rights of citizens\n")
    told = re.findall(r"^\| (`[^|]*`) \|", citizens.partition("\n## ")[0], re.MULTILINE)
    assert sorted(name for cell in told for name in re.findall(r"`(\w+)`", cell)) == sorted(
        [*HISTORY_RULES, "allowed_work"]
    )


def test_every_key_of_a_case_is_explained() -> None:
    from rules.casebook.case_keys import KEYS

    table = (ROOT / "docs" / "cases.md").read_text("utf-8")
    explained = re.findall(r"^\| `([\w ]+)` \| (\w+) \| \S.* \| \S.* \|$", table, re.MULTILINE)
    assert explained == [(key.name, key.level) for key in KEYS]
    required = re.findall(r"^\| `([\w ]+)` \| (\w+) \|.*\| required \|$", table, re.MULTILINE)
    assert required == [(key.name, key.level) for key in KEYS if key.required]

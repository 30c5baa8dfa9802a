"""Nobody gets less for reading another language."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jinja2 import Environment, meta

from notifier.render import words
from notifier.render.texts import texts
from rules.casebook.trial import decide
from rules.catalogue import HISTORY_RULES
from rules.catalogue import RULES as RULES_OF_ONE_QUARTER
from rules.findings.finding import Finding
from schemas.languages import LANGUAGES
from tests.builders.law import LAW
from tests.builders.shipped import EXAMPLES

RULES = {
    ("structural_reduction", "employer"),
    ("first_hirings", "employer"),
    ("older_workers", "employer"),
    ("low_skilled_youth", "employer"),
    ("no_recent_work_experience", "employer"),
    ("working_time_reduction", "employer"),
    ("mentors", "employer"),
    ("artists", "employer"),
    ("horeca_workers", "employer"),
    ("restructuring_card", "citizen"),
    ("work_bonus", "employer"),
    ("income_guarantee", "citizen"),
}
NOT_SHOWN = ("certainty", "undetermined")
PLAIN = re.compile(r"-?\d+(\.\d+)?|\d{4}-\d{2}-\d{2}|\d+-\d+|3bis")
"""A number, a day, two ages or a category: the same in every language."""
RIGHTS = ("allowed_work", *HISTORY_RULES)
"""Rules that are told to the citizen alone."""


def shape(tree: Any, name: str = "") -> dict[str, object]:
    """Every text by dotted name, with the values it asks for, or the length of a list."""
    if isinstance(tree, dict):
        return {key: value for part, inner in tree.items() for key, value in shape(inner, f"{name}.{part}").items()}
    if isinstance(tree, list):
        return {name: len(tree)}
    return {name: frozenset(meta.find_undeclared_variables(Environment().parse(str(tree))))}  # noqa: S701 - not rendered


def whole(language: str) -> dict[str, Any]:
    tree: dict[str, Any] = texts(language)._tree  # type: ignore[assignment]
    return tree


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_says_the_same_things(language: str) -> None:
    assert shape(whole(language)) == shape(whole(LANGUAGES[0]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_left_in_another_language(language: str) -> None:
    others = {text for other in LANGUAGES if other != language for text in _sentences(whole(other))}
    own = list(_sentences(whole(language)))
    assert own
    assert not [text for text in own if not text.strip() or text in others]


def _sentences(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        return [text for inner in tree.values() for text in _sentences(inner)]
    if isinstance(tree, list):
        return [text for inner in tree for text in _sentences(inner)]
    return [tree] if len(tree) > 40 else []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("side", ["citizen", "employer"])
def test_a_subject_is_short_and_says_nothing_of_the_matter(language: str, side: str) -> None:
    subject = texts(language).say(f"mail.{side}.subject")
    assert len(subject) <= 60
    titles = [rule["title"].lower() for rule in whole(language)["rules"].values()]
    assert not [title for title in titles if title in subject.lower()]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("rule", "side"), sorted({*RULES, *((rule, "citizen") for rule in RIGHTS)}))
def test_every_rule_has_a_text_of_its_own(language: str, rule: str, side: str) -> None:
    assert texts(language).rule(rule, side) == f"rules.{rule}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_right_says_what_to_do_and_names_no_figure_in_the_open(language: str) -> None:
    for rule in RIGHTS:
        said = [*_all_of(texts(language).get(f"rules.{rule}"))]
        assert said, rule
        assert not [text for text in said if re.search(r"\d", text.replace("C103", "").replace("C4", ""))], rule


def _all_of(tree: Any) -> Iterator[str]:
    for part in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(part, str):
            yield part
        else:
            yield from _all_of(part)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_and_word_of_a_finding_has_a_name(language: str) -> None:
    said = texts(language)
    found = [(finding.rule, step) for finding in _found() for step in finding.trace if step.step not in NOT_SHOWN]
    assert {rule for rule, _ in found} == {*RULES_OF_ONE_QUARTER, *HISTORY_RULES}
    for rule, step in found:
        month = words.month(step.step)
        names = said.get("steps") if month is None else said.get("month_steps")
        assert words.base(step.step) in names, (rule, step.step)
        assert step.unit is None or step.unit in said.get("units"), step.unit
        assert step.outcome is None or step.outcome.symbol in said.get("outcomes")
        if step.step == "status":
            assert step.value in said.get("values")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_that_is_a_word_is_written_in_the_language(language: str) -> None:
    values = {step.value for finding in _found() for step in finding.trace if step.step not in NOT_SHOWN}
    spoken = {value for value in values if not PLAIN.fullmatch(value)}
    assert {"open", "unknown", "without limit"} <= spoken
    assert spoken - texts(language).get("values").keys() == set()


def _found() -> Iterator[Finding]:
    for example in EXAMPLES:
        yield from decide(example, LAW)


def test_a_rule_without_a_text_is_told_in_general_words() -> None:
    assert texts("nl").rule("tomorrows_right", "citizen") == "rules.other"


@pytest.mark.parametrize(
    ("language", "expected"),
    [("nl", "€\u00a01.203,71"), ("fr", "1\u202f203,71\u00a0€"), ("de", "1.203,71\u00a0€"), ("en", "€1,203.71")],
)
def test_an_amount_is_written_as_the_language_writes_it(language: str, expected: str) -> None:
    assert words.money(120_371, texts(language)) == expected


@pytest.mark.parametrize("cents", [0, 5, 99, 100, 100_000, 123_456_789, -150])
def test_no_cent_is_lost_in_writing(cents: int) -> None:
    written = words.money(cents, texts("en")).replace("€", "").replace(",", "")
    assert round(float(written) * 100) == cents


@pytest.mark.parametrize(
    ("language", "expected"),
    [("nl", "1 november 2026"), ("fr", "1er novembre 2026"), ("de", "1. November 2026"), ("en", "1 November 2026")],
)
def test_a_day_is_written_as_the_language_writes_it(language: str, expected: str) -> None:
    assert words.quantity("2026-11-01", None, texts(language)) == expected


def test_a_step_of_a_month_says_which_month() -> None:
    assert words.label("A1 2026-07", texts("fr")) == "Première limite de la partie A, juillet 2026"
    assert words.sign("A1 2026-07") == "A1 07/2026"


def test_formulas_are_written_with_the_signs_of_the_law() -> None:
    assert words.sign("alpha x (S0 - S)") == "α × (S0 − S)"
    assert words.sign("mu_glob") == "µ(glob)"
    assert words.sign("worker code") == ""

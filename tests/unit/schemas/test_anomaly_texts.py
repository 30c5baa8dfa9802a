"""Every anomaly that can be reported is explained in four languages, and the frequent ones say what to do."""

import re
from pathlib import Path

import pytest

from producers.intake.decisions import DecisionFault
from schemas.dmfa.anomaly_texts import anomaly_remedies, anomaly_texts, remedy, text
from schemas.dmfa.code_lists import severities
from schemas.languages import LANGUAGES, Language

ROOT = Path(__file__).parents[3]
WHOLE = re.compile(r"(?:\d{5}|\})-(\d{3})\"")
"""A code as it is reported: of a zone written out, or of one that is put in."""
BARE = re.compile(r"\"(\d{3})\"")
"""Three digits alone."""
LISTED = {"blocks.py", "occupation.py", "owed.py"}
"""Checks in which three digits alone are a code of another list: a class, a service, a remuneration."""
FREQUENT = 100
ZONED = re.compile(r"\"(\d{5}-\d{3})\"")
DEDUCTION = ROOT / "rules" / "findings" / "deduction.py"


def raised() -> set[str]:
    """The codes of annex 30 in everything that reports an anomaly."""
    found = {str(fault.value) for fault in DecisionFault}
    for folder in ("producers/intake", "kruispunt/commands/intake", "rules/findings"):
        for path in (ROOT / folder).rglob("*.py"):
            source = path.read_text("utf-8")
            found |= set(WHOLE.findall(source))
            if folder == "producers/intake" and path.name not in LISTED:
                found |= set(BARE.findall(source))
    return found


def test_the_codes_that_are_raised_are_seen() -> None:
    assert {"001", "004", "006", "044", "064", "092", "102", "134", "163", "172", "313"} <= raised()


def test_every_anomaly_that_can_be_raised_has_its_text_in_every_language() -> None:
    known = {code for code, said in anomaly_texts().items() if all(said[language].strip() for language in LANGUAGES)}
    assert raised() - known == set()
    assert {code.partition("-")[2] for code in severities()} - known == set()
    assert known == set(anomaly_texts())


def test_every_anomaly_that_is_raised_and_a_hundred_frequent_ones_say_what_to_do_in_every_language() -> None:
    told = {code for code, said in anomaly_remedies().items() if all(said[language].strip() for language in LANGUAGES)}
    assert raised() - told == set()
    assert told == set(anomaly_remedies())
    assert {code.rpartition("-")[2] for code in told} <= set(anomaly_texts())
    assert len([code for code in told if "-" not in code]) >= FREQUENT


def test_the_languages_say_it_each_in_its_own_words() -> None:
    same = [
        (code, said)
        for code, said in (*anomaly_texts().items(), *anomaly_remedies().items())
        if len(set(said.values())) < len(LANGUAGES)
    ]
    assert same == []


@pytest.mark.parametrize(
    ("language", "means"),
    [
        ("nl", "Ongeldig controlegetal"), ("fr", "Nombre de contrôle invalide"), ("de", "Ungültige Prüfziffer"),
        ("en", "Invalid check digits"),
    ],
)  # fmt: skip
def test_a_code_is_looked_up_whatever_its_zone(language: Language, means: str) -> None:
    assert text("00024-004", language) == text("00014-004", language) == means
    assert remedy("00024-004", language)
    assert text("entitlement-001", language) == text("00024-001", language) != ""


def test_a_code_that_asks_for_something_else_in_one_zone_says_so_there() -> None:
    assert "update" in remedy("90007-006", "en")
    assert remedy("90007-006", "en") != remedy("00051-006", "en") != ""
    sources = [path.read_text("utf-8") for path in (ROOT / "producers" / "intake").rglob("*.py")]
    written = {code for source in (*sources, DEDUCTION.read_text("utf-8")) for code in ZONED.findall(source)}
    assert {code for code in anomaly_remedies() if "-" in code} <= written


def test_a_code_that_no_table_holds_has_no_text() -> None:
    assert text("00024-999", "en") == remedy("00024-999", "en") == ""

"""A letter says all that a rule found, in every language, to either side; and each of its figures is the trace's own.

Both ways: what stands in the letter is read back, digit for digit, and must be the trace; and the whole trace stands in
the letter.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from itertools import chain
from typing import Any, Literal

import pytest
from pypdf import PdfReader

from notifier.letter.typesetter import printer
from notifier.notice_content import Notice, NoticeFinding, NoticeStep
from notifier.render import words
from notifier.render.compose import annex, for_letter
from notifier.render.document import DocumentBlock
from notifier.render.texts import Texts, texts
from rules.catalogue import HISTORY_RULES, RULES
from schemas.languages import LANGUAGES, Language
from tests.builders import notices as example
from tests.builders.persons import national_number

EVERY = sorted({*RULES, *HISTORY_RULES})
SIDES: tuple[Literal["citizen", "employer"], ...] = ("citizen", "employer")
TOLD: tuple[Literal["found", "changed"], ...] = ("found", "changed")
FIRM = "Maatschappij Zonnebloem"
NOT_A_STEP = {"certainty", "undetermined"}
MONTHLY = re.compile(r"(.+) (\d{4}-\d{2})")
SEPARATOR = " · "


def notice_of(
    told: Sequence[NoticeFinding], side: Literal["citizen", "employer"], language: Language, tells: Any
) -> Notice:
    made = example.for_citizen(language) if side == "citizen" else example.for_employer(language)
    entries = tuple(replace(entry, tells=tells) for entry in told)
    names = {entry.employer: FIRM for entry in entries if entry.employer}
    return replace(made, sequence=1 if tells == "found" else 2, findings=entries, names=names)


def blocks_of(notice: Notice) -> tuple[list[DocumentBlock], list[DocumentBlock]]:
    said = texts(notice.language)
    return for_letter(notice, said).blocks, annex(notice, said)


def strings(blocks: Sequence[DocumentBlock]) -> list[str]:
    """Every text in these blocks."""
    return [
        text
        for block in blocks
        for text in (
            block.get("text", ""), *block.get("items", []), *block.get("header", []), *chain(*block.get("rows", []))
        )
    ]  # fmt: skip


def read_back(shown: str, said: Texts) -> str:
    """The value of a trace that is written so: its digits, an ISO day, or the word it stands for."""
    style, values = said.get("numbers"), said.get("values")
    months = {name: number for number, name in enumerate(said.get("months"), 1)}
    day = re.fullmatch(r"(\d+)(?:er|\.)? (\S+) (\d{4})", shown)
    if day and day[2] in months:
        return f"{day[3]}-{months[day[2]]:02d}-{int(day[1]):02d}"
    if words_behind := [raw for raw, word in values.items() if word == shown]:
        return str(words_behind[0])
    bare = shown.replace("€", "").strip()
    number, _, unit = bare.partition("\u00a0")
    if unit and unit not in said.get("units").values():
        return shown
    plain = number.replace(style["thousands"], "").replace(style["decimal"], ".")
    return plain if re.fullmatch(r"-?\d+(\.\d+)?", plain) else shown


def cents(shown: str, said: Texts) -> int | None:
    """An amount that is written so; None where nothing is."""
    if not shown:
        return None
    euro, _, rest = read_back(shown, said).partition(".")
    assert len(rest) == 2, shown
    return int(euro + rest)


def steps_of(told: NoticeFinding) -> list[NoticeStep]:
    """What must be shown of a trace: all of it, but for amounts where none may be stated."""
    return [step for step in told.trace if step.step not in NOT_A_STEP and (step.unit != "EUR" or told.states_amounts)]


def shown_to_citizen(blocks: Sequence[DocumentBlock], said: Texts) -> Iterator[tuple[str, str]]:
    """Every figure of the calculation as pairs of its name and its value, read back."""
    columns = said.get("letter.columns")
    for block in blocks:
        if block["kind"] != "table":
            continue
        header = block["header"]
        for row in block["rows"]:
            if header == columns:
                yield row[0], read_back(row[1], said)
            else:
                for month, value in zip(header[1:-1], row[1:-1], strict=True):
                    if value:
                        yield f"{row[0]}, {month}", read_back(value, said)


def named_for_citizen(step: NoticeStep, said: Texts) -> str:
    monthly = MONTHLY.fullmatch(step.step)
    base = monthly[1] if monthly else step.step
    label = said.get("month_steps" if monthly else "steps").get(base, base if monthly else base.replace("_", " "))
    sign = words.sign(base)
    named = f"{label} ({sign})" if sign else str(label)
    return f"{named}, {words.month_name(monthly[2], said)}" if monthly else named


@pytest.mark.parametrize("tells", TOLD)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", EVERY)
def test_the_calculation_for_a_citizen_is_the_trace(
    rule: str, language: Language, tells: str, found_by_rule: Mapping[str, Sequence[NoticeFinding]]
) -> None:
    said = texts(language)
    assert found_by_rule[rule]
    for told in found_by_rule[rule]:
        body, calculation = blocks_of(notice_of([told], "citizen", language, tells))
        expected = [(named_for_citizen(step, said), step.value) for step in steps_of(told)]
        assert sorted(shown_to_citizen(calculation, said)) == sorted(expected)
        stated = [block["rows"] for block in body if block["kind"] == "figures"]
        if told.states_amounts and told.amount is not None:
            assert [[[cents(cell, said) for cell in row] for row in rows] for rows in stated] == [
                [[told.amount, told.claimed, told.missing]]
            ]
        else:
            assert not stated
            assert told.states_amounts or "€" not in " ".join(strings([*body, *calculation]))


def worker(told: NoticeFinding) -> str:
    return " \u00a0".join(part for part in (words.person_number(told.person), told.occupation) if part)


@pytest.mark.parametrize("tells", TOLD)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", EVERY)
def test_the_calculation_for_an_employer_is_the_trace_of_each_worker(
    rule: str, language: Language, tells: str, found_by_rule: Mapping[str, Sequence[NoticeFinding]]
) -> None:
    said = texts(language)
    every = found_by_rule[rule]
    alike = [every[0], replace(every[0], person=national_number(7))]
    for group in (alike, *([told] for told in every), every):
        # One person may be found again and again in the cases: here each is somebody else.
        told = [replace(entry, person=national_number(place)) for place, entry in enumerate(group)]
        body, calculation = blocks_of(notice_of(told, "employer", language, tells))
        assert list(amounts_of(body, said)) == [
            (words.person_number(entry.person), (entry.amount, entry.claimed, entry.missing))
            if entry.states_amounts
            else (words.person_number(entry.person), None)
            for entry in told
        ]
        seen = seen_by_worker(calculation, said)
        for entry in told:
            expected = sorted((named_for_employer(step.step, said), step.value) for step in steps_of(entry))
            assert sorted(seen.get(worker(entry), seen[""])) == expected


def amounts_of(body: Sequence[DocumentBlock], said: Texts) -> Iterator[tuple[str, tuple[int | None, ...] | None]]:
    for block in body:
        if block["kind"] == "table":
            for person, _, *stated, _ in block["rows"]:
                unsure = stated == [said.say("letter.no_amount"), "", ""]
                yield person, None if unsure else tuple(cents(cell, said) for cell in stated)


def named_for_employer(step: str, said: Texts) -> str:
    return words.sign(step) or words.label(step, said)


def seen_by_worker(calculation: Sequence[DocumentBlock], said: Texts) -> dict[str, list[tuple[str, str]]]:
    """Names and values by worker, with what is stated once for everybody; under no name only that."""
    tables = [block["rows"] for block in calculation if block["kind"] == "table"]
    if not tables:
        return {"": []}
    rows, legend = tables
    shared = [(sign or label, read_back(value, said)) for sign, label, value, _ in legend if value]
    names = sorted((sign or label for sign, label, *_ in legend), key=len, reverse=True)
    seen = {"": shared}
    for person, line in rows:
        own = []
        for part in line.split(SEPARATOR):
            name = next(name for name in names if part.startswith(name.replace(" ", "\u00a0") + "\u00a0"))
            own.append((name, read_back(unbroken(part[len(name) + 1 :], said), said)))
        seen[person] = [*shared, *own]
    return seen


def unbroken(value: str, said: Texts) -> str:
    """A day or a word whose spaces were made unbreakable, with its own spaces again."""
    unbreakable = "\u00a0"
    spaced = value.replace(unbreakable, " ")
    known = set(said.get("values").values())
    return spaced if spaced in known or re.fullmatch(r"\d+(?:er|\.)? \D+ \d{4}", spaced) else value


@pytest.mark.parametrize("tells", TOLD)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", EVERY)
def test_a_letter_says_all_there_is_to_say_of_a_rule(
    rule: str, language: Language, tells: str, found_by_rule: Mapping[str, Sequence[NoticeFinding]]
) -> None:
    said = texts(language)
    for side in SIDES:
        notice = notice_of(found_by_rule[rule], side, language, tells)
        body, calculation = blocks_of(notice)
        text = "\n".join(strings(body))
        name = said.rule(rule, side)
        assert said.say(f"{name}.title") in text
        assert said.say(f"{name}.{side}.found") in text
        assert [line for line in said.get(f"{name}.{side}.do") if line not in text] == []
        assert (said.say("says.changed") in text) == (tells == "changed")
        assert notice.notice in text
        sources = "\n".join(strings(calculation))
        shown = [step for told in notice.findings for step in steps_of(told)]
        assert [step.source for step in shown if step.source not in sources] == []
        if side == "citizen" and any(told.employer for told in notice.findings):
            assert FIRM in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", EVERY)
def test_a_withdrawal_says_which_and_states_no_figure(
    rule: str, language: Language, found_by_rule: Mapping[str, Sequence[NoticeFinding]]
) -> None:
    said = texts(language)
    for side in SIDES:
        notice = notice_of(found_by_rule[rule], side, language, "withdrawn")
        body, calculation = blocks_of(notice)
        text = "\n".join(strings(body))
        assert calculation == []
        assert said.say(f"{said.rule(rule, side)}.title") in text
        assert said.say("says.withdrawn" if side == "citizen" else "says.withdrawn_employer") in text
        assert "€" not in text
        assert not [block for block in body if block["kind"] == "figures"]


@pytest.mark.parametrize("rule", EVERY)
def test_what_is_composed_stands_on_paper(rule: str, found_by_rule: Mapping[str, Sequence[NoticeFinding]]) -> None:
    """Each rule in one of the languages, with the case that shows most."""
    language = LANGUAGES[EVERY.index(rule) % len(LANGUAGES)]
    told = max(found_by_rule[rule], key=lambda entry: (entry.states_amounts, len(entry.trace)))
    for side in SIDES:
        notice = notice_of([told], side, language, "found")
        pdf = PdfReader(BytesIO(printer().print_letter(notice).pdf))
        printed = "".join("".join(page.extract_text() for page in pdf.pages).replace("\u00ad", "").split())
        body, calculation = blocks_of(notice)
        wanted = [text for text in strings([*body, *calculation]) if text]
        assert wanted
        missing = [text for text in wanted if not _stands(text, printed)]
        assert missing == []


def _stands(text: str, printed: str) -> bool:
    """Words may be divided at the end of a line, and a page may end within a text: every figure must be there."""
    return all("".join(part.split()) in printed for part in re.findall(r"\S*\d\S*", text))

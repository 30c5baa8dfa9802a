"""Turns a case over several quarters, as a jurist writes it, into the history the rules read."""

from dataclasses import replace
from datetime import date
from typing import cast

from rules.casebook.case_events import EMPLOYER, PERSON, Case, Example, decisions, events
from rules.casebook.case_file import WrittenCase
from rules.view.history import PersonHistory, QuarterAtEmployer, Worked, history, history_of, worked
from rules.view.situation import decision, situation
from schemas.identifiers import inss


def history_example(written: WrittenCase) -> Example:
    """The example in a written case over several quarters."""
    case = cast("Case", written.content)
    return Example(
        case["case"], written.rule, case_history(case), case["on"], case["expect"], written.file, written.line
    )


def case_history(case: Case) -> PersonHistory:
    """The history of a case. `one declaration: 1` is what `kruispunt check` sees: decisions are unknown."""
    person = number(case["born"]) if "born" in case else str(case.get("person", PERSON))
    slots: dict[QuarterAtEmployer, tuple[Worked, ...]] = {}
    for entry in case.get("work", []):
        for quarter in entry.get("quarters") or [entry["quarter"]]:
            employer = str(entry.get("employer", EMPLOYER))
            seen = replace(situation(*events({**entry, "quarter": quarter, "person": person})), employer=employer)
            if case.get("one declaration"):
                return history_of(seen)
            place = quarter, employer
            slots[place] = (*slots.get(place, ()), *worked(seen))
    return history(person, slots, [decision(event) for event in decisions({"decisions": [], **case}) or []])


def number(born: date) -> str:
    """A national number of somebody born on that day."""
    return inss(int(f"{born:%y%m%d}033"), after_2000=born.year >= 2000)

"""Turns a case over several quarters, as a jurist writes it, into the history the rules read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from typing import Any

from rules.case import EMPLOYER, PERSON, Case, decisions, events
from rules.history import History, Slots, history, of, worked
from rules.parameters import read_yaml
from rules.situation import decision, situation
from schemas.identifiers import inss


@dataclass(frozen=True, slots=True)
class Story:
    """A history, the day it is judged on, and what must come out: one mapping per finding."""

    name: str
    rule: str
    history: History
    day: date
    expected: list[Mapping[str, Any]]


def stories(rule: str) -> Iterator[Story]:
    """The cases written for a rule over histories, in order."""
    content = read_yaml((files("rules") / "cases" / f"{rule}.yaml").read_text("utf-8"))
    for case in content["cases"]:
        yield Story(case["case"], content["rule"], told(case), case["on"], case["expect"])


def told(case: Case) -> History:
    """The history of a case. `one declaration: 1` is what `kruispunt check` sees: nobody asked for decisions."""
    person = number(case["born"]) if "born" in case else str(case.get("person", PERSON))
    slots: Slots = {}
    for entry in case.get("work", []):
        for quarter in entry.get("quarters") or [entry["quarter"]]:
            employer = str(entry.get("employer", EMPLOYER))
            seen = replace(situation(*events({**entry, "quarter": quarter, "person": person})), employer=employer)
            if case.get("one declaration"):
                return of(seen)
            place = quarter, employer
            slots[place] = (*slots.get(place, ()), *worked(seen))
    return history(person, slots, [decision(event) for event in decisions({"decisions": [], **case}) or []])


def number(born: date) -> str:
    """A national number of somebody born on that day."""
    return inss(int(f"{born:%y%m%d}033"), after_2000=born.year >= 2000)

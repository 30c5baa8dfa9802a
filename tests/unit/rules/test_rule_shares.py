"""Rights are found for a few of a generated population, not for everybody: a share of each rule is held here."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from kruispunt.commands.intake.generate import due
from population.generate import generate
from rules.catalogue import HISTORY_RULES, RULES, decide_history
from rules.catalogue.sickness_benefit import LONG, SICK
from rules.findings.finding import Finding
from rules.view.history import PersonHistory, QuarterAtEmployer, Worked, history, history_of, worked
from rules.view.situation import InstitutionDecision, Situation, decision, situation
from schemas.identifiers import quarter_days
from tests.builders.law import LAW

PERSONS = 1500
QUARTERS = ("2025Q1", "2026Q3")
MOST = {"youth_holiday": 0.07, "senior_holiday": 0.01, "additional_holiday": 0.005, "sickness_benefit": 0.002}
"""Largest share of a population told of a right; of the others nobody, since no such status is generated."""
LEAST = {"2025Q1": {"youth_holiday": 0.04}, "2026Q3": {"senior_holiday": 1 / PERSONS}}
"""Smallest share told of a right in a quarter: these are found in it, and no other is."""
LEAST_SICK = 30
"""Persons of a population who are sick for long and paid for it, at the very least."""
MOST_EMPLOYERS = {"first_hirings": 0.02, "older_workers": 0.03}
"""Likewise of target groups: hires at employers that owe no contribution of larger ones, and who reaches an age."""
TARGET_GROUPS = (
    "first_hirings",
    "older_workers",
    "low_skilled_youth",
    "no_recent_work_experience",
    "working_time_reduction",
    "mentors",
    "artists",
    "horeca_workers",
    "restructuring_card",
)


@dataclass
class Population:
    """A generated quarter as the stream would hold it, and what the rules find in it and in single declarations."""

    quarter: str
    histories: dict[str, PersonHistory] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)
    checked: list[Finding] = field(default_factory=list)
    employers: list[Finding] = field(default_factory=list)


@pytest.fixture(scope="module", params=QUARTERS)
def population(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Population:
    quarter: str = request.param
    folder = tmp_path_factory.mktemp("shares")
    seen: list[Situation] = []

    def remember(events: Mapping[str, Any]) -> Mapping[str, Mapping[str, int]]:
        seen.append(situation(events["wages"], events["working-time"], events["contributions"]))
        return due(LAW, events)

    generate(PERSONS, quarter, folder, due=remember)
    day = quarter_days(quarter)[1] + timedelta(days=15)
    slots: dict[str, dict[QuarterAtEmployer, tuple[Worked, ...]]] = defaultdict(dict)
    for one in seen:
        slots[one.person][one.quarter, one.employer] = worked(one)
    decisions = _decisions(folder)
    made = Population(quarter)
    made.histories = {person: history(person, some, decisions[person]) for person, some in slots.items()}
    made.found = [finding for one in made.histories.values() for finding in decide_history(one, day, LAW)]
    made.checked = [finding for one in seen for finding in decide_history(history_of(one), day, LAW)]
    made.employers = [
        finding for one in seen for rule in TARGET_GROUPS for finding in RULES[rule].decide(one, day, LAW)
    ]
    return made


def _decisions(folder: Path) -> dict[str, list[InstitutionDecision]]:
    found: dict[str, list[InstitutionDecision]] = defaultdict(list)
    for line in (folder / "entitlements.jsonl").read_text("utf-8").splitlines():
        one = json.loads(line)
        until = one["until"] and date.fromisoformat(one["until"])
        record = {**one, "event": one["decision"], "from": date.fromisoformat(one["from"]), "until": until}
        found[one["person"]].append(decision(record))
    return found


@pytest.mark.parametrize("rule", HISTORY_RULES)
def test_a_right_is_found_for_a_few(population: Population, rule: str) -> None:
    told = {finding.person for finding in population.found if finding.rule == rule}
    assert len(told) <= MOST.get(rule, 0) * PERSONS
    assert len(told) >= LEAST[population.quarter].get(rule, 0) * PERSONS


@pytest.mark.parametrize("rule", TARGET_GROUPS)
def test_employers_are_told_of_a_target_group_for_a_few_and_only_to_check_it(population: Population, rule: str) -> None:
    told = [finding for finding in population.employers if finding.rule == rule]
    persons = {finding.person for finding in told}
    assert len(persons) <= MOST_EMPLOYERS.get(rule, 0) * PERSONS
    assert bool(persons) == (rule in MOST_EMPLOYERS)
    assert {finding.certainty for finding in told} <= {"to check"}


def test_nobody_is_told_of_a_right_twice_in_a_year(population: Population) -> None:
    told = [(finding.rule, finding.person, finding.quarter[:4]) for finding in population.found]
    assert {rule for rule, _, _ in told} == LEAST[population.quarter].keys()
    assert len(told) == len(set(told))


def test_a_right_over_the_years_is_never_certain(population: Population) -> None:
    told = {finding.certainty for finding in population.found}
    assert told
    assert "certain" not in told


def test_senior_holidays_are_for_who_was_unemployed_and_youth_holidays_for_the_young(population: Population) -> None:
    first, _ = quarter_days(population.quarter)
    told = [(finding.rule, population.histories[finding.person]) for finding in population.found]
    assert {rule for rule, _ in told} == LEAST[population.quarter].keys()
    for rule, person in told:
        assert person.born is not None
        if rule == "senior_holiday":
            assert first.year - person.born.year > 50
            assert person.has("unemployment_benefit", date(first.year - 1, 1, 1), date(first.year - 1, 12, 31))
        if rule == "youth_holiday":
            assert first.year - person.born.year <= 25


def test_nobody_whose_sickness_is_paid_is_told_of_it(population: Population) -> None:
    """And with the decision taken away, each of them is: it is what silences the rule."""
    first, last = quarter_days(population.quarter)
    rule, day = HISTORY_RULES["sickness_benefit"], last + timedelta(days=15)
    paid = [
        one
        for one in population.histories.values()
        if one.has("incapacity", first, last) and any(job.days(SICK) > LONG for job in one.worked)
    ]
    assert len(paid) >= LEAST_SICK
    assert {finding.person for one in paid for finding in rule.decide(one, day, LAW)} == set()
    unpaid = [replace(one, decisions=_but("incapacity", one)) for one in paid]
    assert len({finding.person for one in unpaid for finding in rule.decide(one, day, LAW)}) >= LEAST_SICK


def _but(kind: str, person: PersonHistory) -> tuple[InstitutionDecision, ...]:
    return tuple(one for one in person.decisions or () if one.kind != kind)


def test_one_declaration_says_nothing_of_rights_that_rest_on_decisions(population: Population) -> None:
    assert {finding.rule for finding in population.checked} <= {"youth_holiday"}
    assert {finding.certainty for finding in population.checked} <= {"to check"}
    if not population.quarter.endswith("Q1"):
        assert population.checked == []

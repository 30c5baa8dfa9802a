"""The rules: one file each, named after the concept of the law, its dated figures beside it."""

import inspect
from collections.abc import Mapping
from datetime import date
from importlib import import_module
from typing import TypeVar

from rules.findings.contradiction import doubt_history, doubt_situation
from rules.findings.deduction import excesses as excesses_in
from rules.findings.finding import Excess, Finding
from rules.findings.rule import HistoryRule, QuarterRule
from rules.law.law import Law
from rules.view.history import PersonHistory
from rules.view.situation import Situation

Rule = TypeVar("Rule", QuarterRule, HistoryRule)

OVER_A_QUARTER = (
    "structural_reduction",
    "first_hirings",
    "older_workers",
    "low_skilled_youth",
    "no_recent_work_experience",
    "working_time_reduction",
    "mentors",
    "artists",
    "horeca_workers",
    "restructuring_card",
    "work_bonus",
    "income_guarantee",
    "allowed_work",
)
"""The rules over one quarter at one employer, in the order findings are given. A rule is a file and its name here."""

OVER_A_HISTORY = (
    "youth_holiday",
    "senior_holiday",
    "additional_holiday",
    "increased_reimbursement",
    "increased_reimbursement_income",
    "maximum_billing",
    "social_energy_tariff",
    "child_benefit_supplement",
    "income_guarantee_elderly",
    "sickness_benefit",
    "unemployment_admission",
)
"""The rules over the history of a person, in the order findings are given. A rule is a file and its name here."""

RULES: dict[str, QuarterRule] = {name: import_module(f"{__name__}.{name}").RULE for name in OVER_A_QUARTER}
HISTORY_RULES: dict[str, HistoryRule] = {name: import_module(f"{__name__}.{name}").RULE for name in OVER_A_HISTORY}


def formula(rule: str) -> str:
    """What a rule says, in its own words."""
    return inspect.cleandoc(import_module(f"{__name__}.{rule}").__doc__ or "")


def decide_all(situation: Situation, day: date, law: Law) -> list[Finding]:
    """What every rule finds, as seen on `day`."""
    found = [finding for rule in _in(law, RULES) for finding in rule.decide(situation, day, law)]
    return doubt_situation(situation, found)


def decide_history(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """What every rule over the history of a person finds, as seen on `day`."""
    found = [finding for rule in _in(law, HISTORY_RULES) for finding in rule.decide(history, day, law)]
    return doubt_history(history, found)


def excesses(situation: Situation, law: Law) -> list[Excess]:
    """What the declaration takes beyond what is due; nothing where part of it was not read, and may justify it."""
    if _unread(situation):
        return []
    return [excess for rule in _in(law, RULES) for excess in rule.excesses(situation, law)]


def decide_with_excesses(situation: Situation, day: date, law: Law) -> tuple[list[Finding], list[Excess]]:
    """What `decide_all` and `excesses` give, from one assessment."""
    assessed = [(rule, rule.assessments(situation, law)) for rule in _in(law, RULES)]
    found = [finding for rule, some in assessed for finding in rule.findings(situation, some, day, law)]
    over = [] if _unread(situation) else [excess for rule, some in assessed for excess in excesses_in(rule.name, some)]
    return doubt_situation(situation, found), over


def _in(law: Law, rules: Mapping[str, Rule]) -> list[Rule]:
    """The rules whose figures are in the law: before they were read, a rule had nothing to say."""
    return [rule for name, rule in rules.items() if name in law.parameters]


def _unread(situation: Situation) -> bool:
    return any(line.unread for line in situation.lines)

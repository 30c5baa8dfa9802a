"""The rules: one file each, named after the concept of the law, its dated figures beside it."""

from collections.abc import Callable
from datetime import date

from rules.catalogue import (
    additional_holiday,
    allowed_work,
    artists,
    child_benefit_supplement,
    first_hirings,
    income_guarantee,
    income_guarantee_elderly,
    increased_reimbursement,
    increased_reimbursement_income,
    low_skilled_youth,
    maximum_billing,
    mentors,
    no_recent_work_experience,
    older_workers,
    restructuring_card,
    senior_holiday,
    sickness_benefit,
    social_energy_tariff,
    structural_reduction,
    unemployment_admission,
    work_bonus,
    working_time_reduction,
    youth_holiday,
)
from rules.findings.contradiction import doubt_history, doubt_situation
from rules.findings.finding import Excess, Finding
from rules.view.history import History
from rules.view.situation import Situation

Rule = Callable[[Situation, date], list[Finding]]
HistoryRule = Callable[[History, date], list[Finding]]

RULES: dict[str, Rule] = {
    "structural_reduction": structural_reduction.decide,
    "first_hirings": first_hirings.decide,
    "older_workers": older_workers.decide,
    "low_skilled_youth": low_skilled_youth.decide,
    "no_recent_work_experience": no_recent_work_experience.decide,
    "working_time_reduction": working_time_reduction.decide,
    "mentors": mentors.decide,
    "artists": artists.decide,
    "restructuring_card": restructuring_card.decide,
    "work_bonus": work_bonus.decide,
    "income_guarantee": income_guarantee.decide,
    "allowed_work": allowed_work.decide,
}
"""Every rule over one quarter at one employer by its name, in the order findings are given."""

HISTORY_RULES: dict[str, HistoryRule] = {
    "youth_holiday": youth_holiday.decide,
    "senior_holiday": senior_holiday.decide,
    "additional_holiday": additional_holiday.decide,
    "increased_reimbursement": increased_reimbursement.decide,
    "increased_reimbursement_income": increased_reimbursement_income.decide,
    "maximum_billing": maximum_billing.decide,
    "social_energy_tariff": social_energy_tariff.decide,
    "child_benefit_supplement": child_benefit_supplement.decide,
    "income_guarantee_elderly": income_guarantee_elderly.decide,
    "sickness_benefit": sickness_benefit.decide,
    "unemployment_admission": unemployment_admission.decide,
}
"""Every rule over the history of a person: what they find belongs to no employer."""

EXCESSES = {
    "structural_reduction": structural_reduction.excesses,
    "first_hirings": first_hirings.excesses,
    "older_workers": older_workers.excesses,
    "low_skilled_youth": low_skilled_youth.excesses,
    "no_recent_work_experience": no_recent_work_experience.excesses,
    "working_time_reduction": working_time_reduction.excesses,
    "mentors": mentors.excesses,
    "artists": artists.excesses,
    "restructuring_card": restructuring_card.excesses,
    "work_bonus": work_bonus.excesses,
}
"""The rules about deductions, which can be taken too high."""

ONLY_WITH = {
    "low_skilled_youth": frozenset({low_skilled_youth.CODE}),
    "no_recent_work_experience": frozenset({no_recent_work_experience.CODE}),
    "working_time_reduction": working_time_reduction.CODES,
    "mentors": frozenset({mentors.CODE}),
    "artists": frozenset({artists.CODE}),
    "restructuring_card": frozenset({restructuring_card.CODE}),
}
"""The rules that have nothing to say where none of their deduction codes is taken: they are not asked."""


def _asked(name: str, situation: Situation) -> bool:
    codes = ONLY_WITH.get(name)
    return codes is None or not codes.isdisjoint(situation.taken)


def decide_all(situation: Situation, day: date) -> list[Finding]:
    """What every rule finds, as seen on `day`."""
    return doubt_situation(
        situation,
        [finding for name, rule in RULES.items() if _asked(name, situation) for finding in rule(situation, day)],
    )


def decide_history(history: History, day: date) -> list[Finding]:
    """What every rule over the history of a person finds, as seen on `day`."""
    return doubt_history(history, [finding for rule in HISTORY_RULES.values() for finding in rule(history, day)])


def excesses(situation: Situation) -> list[Excess]:
    """What the declaration takes beyond what is due; nothing where part of it was not read, and may justify it."""
    if any(line.unread for line in situation.lines):
        return []
    return [excess for name, rule in EXCESSES.items() if _asked(name, situation) for excess in rule(situation)]

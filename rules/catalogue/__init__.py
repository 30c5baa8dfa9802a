"""The rules: one file each, named after the concept of the law, its dated figures beside it."""

from collections.abc import Callable
from datetime import date

from rules.catalogue import (
    additional_holiday,
    allowed_work,
    child_benefit_supplement,
    income_guarantee,
    income_guarantee_elderly,
    increased_reimbursement,
    maximum_billing,
    senior_holiday,
    sickness_benefit,
    social_energy_tariff,
    structural_reduction,
    unemployment_admission,
    work_bonus,
    youth_holiday,
)
from rules.finding import Excess, Finding
from rules.history import History
from rules.situation import Situation

Rule = Callable[[Situation, date], list[Finding]]
HistoryRule = Callable[[History, date], list[Finding]]

RULES: dict[str, Rule] = {
    "structural_reduction": structural_reduction.decide,
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
    "maximum_billing": maximum_billing.decide,
    "social_energy_tariff": social_energy_tariff.decide,
    "child_benefit_supplement": child_benefit_supplement.decide,
    "income_guarantee_elderly": income_guarantee_elderly.decide,
    "sickness_benefit": sickness_benefit.decide,
    "unemployment_admission": unemployment_admission.decide,
}
"""Every rule over the history of a person: what they find belongs to no employer."""


def decide_all(situation: Situation, day: date) -> list[Finding]:
    """What every rule finds, as seen on `day`."""
    return [finding for rule in RULES.values() for finding in rule(situation, day)]


def decide_history(history: History, day: date) -> list[Finding]:
    """What every rule over the history of a person finds, as seen on `day`."""
    return [finding for rule in HISTORY_RULES.values() for finding in rule(history, day)]


def excesses(situation: Situation) -> list[Excess]:
    """What the declaration takes beyond what is due."""
    return [*structural_reduction.excesses(situation), *work_bonus.excesses(situation)]

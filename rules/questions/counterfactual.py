"""A history as if a right had not been taken up: a comparison is about what the law grants, not about what is left."""

from dataclasses import replace
from datetime import date

from rules.catalogue import senior_holiday, unemployment_admission, youth_holiday
from rules.law.dated_figures import Parameters
from rules.law.law import Law
from rules.view.history import PersonHistory, Worked
from rules.view.situation import InstitutionDecision

DAYS = {"youth_holiday": "073", "senior_holiday": "073", "additional_holiday": "014"}
"""The service code under which the days of a right are taken, by rule."""

NATURES = {"youth_holiday": (youth_holiday, "school", "youth"), "senior_holiday": (senior_holiday, "natures", "senior")}
"""Where the figures name the nature of an unemployment benefit that pays for these days."""

GRANTED = {
    "increased_reimbursement": {"increased_reimbursement"},
    "increased_reimbursement_income": {"increased_reimbursement"},
    "maximum_billing": {"increased_reimbursement"},
    "social_energy_tariff": {"increased_reimbursement"},
    "income_guarantee_elderly": {"income_guarantee_elderly"},
    "sickness_benefit": {"incapacity", "invalidity"},
}
"""The decisions that grant what a rule is about, or show that it followed by itself."""

LEFT_AS_IT_IS = {"child_benefit_supplement"}
"""The payer decides the benefit and its supplement under one kind: the two cannot be distinguished."""


def as_if_not_taken_up(rule: str, history: PersonHistory, law: Law) -> PersonHistory:
    """The history as this rule would see it if what it grants had not been taken up; other rights stay taken up."""
    worked, decisions = history.worked, history.decisions
    if rule in DAYS:
        worked = tuple(_without(one, DAYS[rule]) for one in worked)
    if decisions:
        decisions = tuple(one for one in decisions if not _takes_up(rule, one, history, law))
    if worked == history.worked and decisions == history.decisions:
        return history
    return replace(history, worked=worked, decisions=decisions)


def _without(one: Worked, code: str) -> Worked:
    services = tuple(service for service in one.services if service.code != code)
    return one if len(services) == len(one.services) else replace(one, services=services)


def _takes_up(rule: str, one: InstitutionDecision, history: PersonHistory, law: Law) -> bool:
    if rule in NATURES:
        module, series, figure = NATURES[rule]
        return one.kind == module.UNEMPLOYED and one.nature in _natures(law[rule], series, figure)
    if rule == unemployment_admission.NAME:
        return one.kind == unemployment_admission.UNEMPLOYED and one.start >= _last_asked(history)
    return one.kind in GRANTED.get(rule, ())


def _natures(parameters: Parameters, series: str, figure: str) -> frozenset[str]:
    return frozenset().union(*(row.codes(figure) for row in parameters.series[series].rows if figure in row.figures))


def _last_asked(history: PersonHistory) -> date:
    """The last day on which somebody could have applied: an earlier benefit is an admission that used up its days."""
    return max((one.start for one in history.decided(unemployment_admission.INTEGRATION_INCOME)), default=date.max)

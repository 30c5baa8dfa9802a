"""Fixed workers in horeca (DmfA deduction 3900): an amount for a full-time worker of joint committee 302.

The amount is higher for the young. The employer chooses at most five workers, has at most 49 on average and a certified
cash register: no declaration shows these, so a finding is "to check", and without a claim there is none.
"""

from datetime import date

from rules.calculation.fraction import contract_share
from rules.calculation.target_groups.claims import ClaimContext
from rules.calculation.target_groups.grant import Entitled, target_group, unknown
from rules.findings.finding import DID_NOT_HOLD, HELD, UNKNOWN, Certainty, TraceStep
from rules.law.dated_figures import FigureRow
from rules.law.rounding import decimals
from rules.view.ages import age_on

NAME = "horeca_workers"
CODE = "3900"


def entitle(here: ClaimContext) -> Entitled:
    """G of a full-time worker in horeca.

    Raises NoLaw.
    """
    right = Entitled()
    workers, amount = here.law[NAME].at("workers", here.first), here.law[NAME].at("amount", here.first)
    committee = here.occupation.joint_committee
    if committee.split(".")[0] not in workers.codes("committees"):
        return right.refuse("joint committee", committee, workers.cited)
    right.hold("joint committee", committee, workers.cited)
    if here.occupation.part_time:
        share = contract_share(here.occupation)
        return right.refuse("Q / S", "unknown" if share is None else decimals(share), workers.cited)
    right.hold("Q / S", "1", workers.cited)
    _unseen(here, right)
    if here.born is None:
        return unknown(right, "the national number holds no birth date")
    return right.give(amount, "amount_young" if _young(here, right, here.born, amount) else "amount")


def _young(here: ClaimContext, right: Entitled, born: date, row: FigureRow) -> bool:
    """Whether the higher amount is due, by the age on the last day of the quarter."""
    young = age_on(born, here.last) < row.number("age")
    right.steps.append(TraceStep("age at the end of the quarter", here.age(here.last), "years", "DmfA zone 00024"))
    outcome = HELD if young else DID_NOT_HOLD
    right.steps.append(TraceStep("below the age of", f"{row.number('age')}", "years", row.cited, outcome))
    return young


def _unseen(here: ClaimContext, right: Entitled) -> None:
    """What the employer has to meet and no declaration shows."""
    employer, register = here.law[NAME].at("employer", here.first), here.law[NAME].at("cash register", here.first)
    for step, value, row in (
        ("workers with this reduction", f"{employer.number('at_once')}", employer),
        ("workers on average", f"{employer.number('on_average')}", employer),
        ("certified cash register", "the whole quarter", register),
    ):
        right.hold(step, value, row.cited, outcome=UNKNOWN)
        right.unseen(Certainty.TO_CHECK, f"not seen here, {step}")
    right.unseen(Certainty.TO_CHECK, "not seen here whether the worker is a fixed or a casual one")


RULE = target_group(NAME, frozenset({CODE}), entitle)

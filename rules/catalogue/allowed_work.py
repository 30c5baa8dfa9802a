"""Allowed work: somebody incapable of work who works part of the time, with permission, keeps most of the benefit.

There is a finding when an occupation began, after 31/03/2018, during an incapacity or invalidity that covers all its
days in the quarter, work was declared for it, and the mutuality has decided nothing since it began. The permission is
not seen here.
"""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from rules.findings.entitlement import NOTHING, unseen
from rules.findings.finding import HELD, Certainty, Doubt, Finding, TraceStep, doubt_steps, surest
from rules.findings.rule import QuarterRule
from rules.law.dated_figures import NoLaw, citing
from rules.law.law import Law
from rules.law.rounding import half_up
from rules.view.situation import InstitutionDecision, Situation
from rules.view.worker_line import DeclaredLine, DeclaredOccupation
from schemas.identifiers import quarter_days

NAME = "allowed_work"
INCAPABLE = ("incapacity", "invalidity")
WORK = frozenset({"001"})
HUNDRED = 100
PERMISSION = unseen(Certainty.TO_CHECK, "whether the doctor of the mutuality gave permission", "the mutuality")


def find(situation: Situation, day: date, law: Law) -> list[Finding]:
    """Occupations begun during an incapacity on which nothing was decided since, as known on `day`."""
    if not situation.decisions:
        return []
    return [
        finding
        for line in situation.lines
        for occupation in line.occupations
        for finding in _of_occupation(situation, line, occupation, day, law)
    ]


def _of_occupation(
    situation: Situation, line: DeclaredLine, occupation: DeclaredOccupation, day: date, law: Law
) -> Iterator[Finding]:
    first, last = quarter_days(situation.quarter)
    start = occupation.start
    if start is None or not first <= start <= min(last, day) or not _worked(occupation):
        return
    during = _during(situation, start, min(occupation.end or last, last))
    if during is None:
        return
    try:
        row = law[NAME].at("cut", start)
    except NoLaw:
        return
    doubts = [PERMISSION]
    trace = [TraceStep(during.kind, f"{during.start}", None, citing("decision of the mutuality", row), HELD)]
    share = _share(occupation)
    if share is None:
        missing = Doubt(Certainty.UNDETERMINED, "the hours of the contract are not declared (zones 00048, 00049)")
        doubts.append(missing)
    else:
        cut = max(share - int(row.number("free")), 0)
        trace += [
            TraceStep("occupation fraction", f"{share}", "percent", "DmfA zones 00048 and 00049, to a whole percent"),
            TraceStep("cut", f"{cut}", "percent", f"fraction less {row.number('free')}: {row.cited}"),
            TraceStep("benefit kept", f"{HUNDRED - cut}", "percent", row.cited),
        ]
    yield Finding(
        NAME, "citizen", situation.employer, situation.person, situation.quarter, situation.label(line, occupation),
        None, None, NOTHING, None, surest(doubts), (*trace, *doubt_steps(doubts)), (*situation.causes, during.event),
    )  # fmt: skip


def _worked(occupation: DeclaredOccupation) -> bool:
    return any(service.code in WORK and (service.days or service.hours) for service in occupation.services)


def _during(situation: Situation, start: date, last: date) -> InstitutionDecision | None:
    """The incapacity around all these days; None without one, or when the mutuality decided again since they began."""
    decided = [one for one in situation.decisions or () if one.kind in INCAPABLE]
    if any(start <= one.start for one in decided):
        return None
    return next((one for one in decided if one.start < start and (one.until is None or last <= one.until)), None)


def _share(occupation: DeclaredOccupation) -> int | None:
    """Hours of the contract in hours of full time, in whole percent."""
    if not occupation.part_time:
        return HUNDRED
    if occupation.mean_hours is None or not occupation.reference_hours:
        return None
    share = Fraction(occupation.mean_hours, occupation.reference_hours) * HUNDRED
    return half_up(share.numerator, share.denominator)


RULE = QuarterRule(NAME, find=find)

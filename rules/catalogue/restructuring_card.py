"""Restructuring card (DmfA deduction 0601): less personal contribution in the first quarters of a new job.

A full month full time gives one amount, in proportion otherwise, where the reference monthly wage S does not exceed the
limit of the age at which the job began; with the work bonus at most the personal contribution due. The National
Employment Office knows who has a card; without a claim there is no finding. It is the worker's own money.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from rules.calculation.bonus.monthly import BonusCalculation, Monthly, calculate_bonus
from rules.calculation.bonus.steps import contribution, measured
from rules.calculation.coverage import Cover, Subjection, personal_contributions
from rules.calculation.target_groups.times import nth_quarter
from rules.findings.deduction import Assessment, undetermined
from rules.findings.entitlement import months_later
from rules.findings.finding import HELD, UNKNOWN, Certainty, ConditionOutcome, Doubt, TraceStep, whether
from rules.findings.rule import QuarterRule
from rules.law.dated_figures import Citation, FigureRow, NoLaw
from rules.law.law import Law
from rules.law.rounding import cents, half_up, plain
from rules.view.ages import ANY_AGE, Ages, Birth, birth
from rules.view.situation import Situation
from rules.view.worker_line import Claim, DeclaredLine
from schemas.identifiers import quarter_days, quarter_of

NAME = "restructuring_card"
CODE = "0601"
FULL = 100
HALF_A_YEAR = 6
"""Months in two quarters."""


@dataclass(slots=True)
class _Card:
    """What the months of a line come to in eurocents, and why."""

    amount: FigureRow
    limits: FigureRow
    of_month: int
    ages: Ages
    since: date
    due: int = 0
    steps: list[TraceStep] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    def doubt(self, certainty: Certainty, reason: str, outcome: ConditionOutcome | None = None) -> None:
        """Add a reason why it is not certain, once."""
        if (doubt := Doubt(certainty, reason, outcome)) not in self.doubts:
            self.doubts.append(doubt)


def assess(situation: Situation, law: Law) -> Iterator[Assessment]:
    """Worker lines that name the deduction."""
    for line in situation.lines:
        claim = next((claim for claim in line.claims if claim.code == CODE), None)
        if claim and line.occupations:
            yield _assess(situation, line, claim, law)


def _assess(situation: Situation, line: DeclaredLine, claim: Claim, law: Law) -> Assessment:
    label, claimed = situation.line_label(line), line.claimed(CODE)
    first, _ = quarter_days(situation.quarter)
    row = law[NAME].at("quarters", first)
    steps: tuple[TraceStep, ...] = (_quarters(row, UNKNOWN),)
    if claim.start is not None:
        nth = nth_quarter(claim.start, situation.quarter)
        inside = 1 <= nth <= row.number("quarters")
        steps = (
            TraceStep("right since", claim.start.isoformat(), None, "DmfA zone 00090"),
            TraceStep("quarter of the right", str(nth), None, row.cited),
            _quarters(row, whether(inside)),
        )
        if not inside:
            doubt = Doubt(Certainty.LIKELY, "counted from the first day of the right as declared")
            return Assessment(CODE, line, None, label, 0, claimed, (doubt,), partial(iter, steps))
    try:
        card = _calculate(situation, line, claim, first, law)
    except NoLaw as error:
        doubt = Doubt(Certainty.UNDETERMINED, str(error))
        why = partial(iter, (*steps, *undetermined(error)))
        return Assessment(CODE, line, None, label, None, claimed, (doubt,), why)
    due = None if any(doubt.certainty is Certainty.UNDETERMINED for doubt in card.doubts) else card.due
    if claim.start is None:
        card.doubt(Certainty.TO_CHECK, "the first day of the right is not declared (zone 00090)")
    why = partial(iter, (*steps, *card.steps))
    return Assessment(CODE, line, None, label, due, claimed, tuple(card.doubts), why)


def _quarters(row: FigureRow, outcome: ConditionOutcome) -> TraceStep:
    return TraceStep("quarters of the right", f"{row.number('quarters')}", None, row.cited, outcome)


def _calculate(situation: Situation, line: DeclaredLine, claim: Claim, first: date, law: Law) -> _Card:
    """What the card gives on a line.

    Raises NoLaw.
    """
    amount, limits = law[NAME].at("amount", first), law[NAME].at("limits", first)
    worker = personal_contributions(line, situation.person, situation.quarter, law)
    since, born = claim.start or first, birth(situation.person)
    factor = cents(amount.number("manual")) if worker.manual else FULL
    of_month = half_up(cents(amount.number("amount")) * factor, FULL)
    card = _Card(amount, limits, of_month, _ages(born, claim.start, first) if born else ANY_AGE, since)
    _open(card, worker, law[NAME].at("card", first))
    if worker.cover is Cover.NOT_COVERED:
        card.doubt(Certainty.TO_CHECK, "not settled whether somebody has it who does not owe 13.07 %", UNKNOWN)
        return card
    found = [calculate_bonus(one, situation.quarter, law, manual=worker.manual) for one in line.occupations]
    if len(found) > 1:
        card.doubt(Certainty.LIKELY, "the line has several occupations, and each month is calculated on its own")
    for result in found:
        _add(card, result, contribution(result.general, manual=worker.manual))
    card.steps.append(TraceStep("reduction of the quarter", plain(card.due), "EUR", amount.cited))
    return card


def _ages(born: Birth, start: date | None, first: date) -> Ages:
    """The age when the job began: in this quarter or one of the two before it, where its day is not declared."""
    if start is not None:
        return born.ages(start)
    return Ages(born.ages(months_later(first, -HALF_A_YEAR)).least, born.ages(quarter_days(quarter_of(first))[1]).most)


def _open(card: _Card, worker: Subjection, validity: FigureRow) -> None:
    """The steps and doubts that are the same in every month."""
    card.steps.append(worker.why)
    for reason in worker.doubts:
        card.doubt(Certainty.TO_CHECK, reason, UNKNOWN)
    reason = f"not seen here whether the job began within {validity.number('months')} months of the card"
    card.doubt(Certainty.LIKELY, f"{reason}: {validity.cited}", UNKNOWN)
    if not card.limits.quality.firm:
        card.doubt(Certainty.TO_CHECK, f"derived or remembered, not read: {card.limits.cited}")
    card.steps.append(TraceStep("age when the job began", str(card.ages), "years", "DmfA zones 00024 and 00090"))
    card.steps.append(TraceStep("amount of a full month", plain(card.of_month), "EUR", card.amount.cited))


def _add(card: _Card, result: BonusCalculation, personal: Citation) -> None:
    card.steps += measured(result)
    card.doubts += [doubt for doubt in result.doubts if doubt not in card.doubts]
    for monthly in result.months:
        if monthly.month.first >= card.since.replace(day=1):
            _month(card, monthly, personal)


def _month(card: _Card, monthly: Monthly, personal: Citation) -> None:
    """One month: nothing above the limit, and beside the work bonus at most what is left of the contribution."""
    name, limits = monthly.month.name, card.limits
    bounds = [cents(limits.number("S1" if age >= limits.number("age") else "S0")) for age in card.ages]
    within = [monthly.reference <= bound for bound in bounds]
    outcome = whether(within[0]) if within[0] == within[1] else UNKNOWN
    card.steps.append(TraceStep(f"S {name}", plain(monthly.reference), "EUR", limits.cited))
    card.steps.append(TraceStep(f"limit {name}", plain(min(bounds)), "EUR", limits.cited, outcome))
    if not any(within):
        return
    if outcome is not HELD:
        reason = "which limit holds depends on the age when the job began, and the day of birth is not known"
        card.doubt(Certainty.TO_CHECK, reason, UNKNOWN)
    left = monthly.owed - monthly.granted
    full = half_up(card.of_month * monthly.share, FULL)
    granted = min(full, left)
    if granted < full:
        card.doubt(Certainty.TO_CHECK, "with the work bonus it exceeds the contribution, and which is cut was not read")
    if monthly.share != FULL:
        card.steps.append(TraceStep(f"fraction of full time {name}", plain(monthly.share), None, card.amount.cited))
    card.steps.append(TraceStep(f"personal contribution {name}", plain(monthly.owed), "EUR", personal))
    card.steps.append(TraceStep(f"bonus {name}", plain(monthly.granted), "EUR", monthly.terms.row.cited))
    card.steps.append(TraceStep(f"reduction {name}", plain(granted), "EUR", card.amount.cited))
    card.due += granted


RULE = QuarterRule(NAME, "citizen", assess, only_with=frozenset({CODE}))

"""Calculates a target-group reduction: Pg = G x mu x beta_g, at most what the structural reduction leaves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial

from rules.calculation.combination import chosen, combine
from rules.calculation.coverage import Cover
from rules.calculation.structural.base import base
from rules.calculation.structural.floor import Floor, factor, floor_steps
from rules.calculation.structural.reduction import SERVICES, calculate_reduction
from rules.calculation.target_groups.claims import ClaimContext, all_codes, claims, place
from rules.calculation.target_groups.times import RULE, nth_quarter
from rules.findings.deduction import Assessment, undetermined
from rules.findings.finding import DID_NOT_HOLD, HELD, UNKNOWN, Certainty, ConditionOutcome, Doubt, TraceStep, whether
from rules.findings.rule import QuarterRule
from rules.law.dated_figures import Citation, FigureRow, NoLaw, Series, citing
from rules.law.law import Law
from rules.law.rounding import cents, decimals, half_up, plain
from rules.view.situation import Situation
from rules.view.worker_line import Claim, DeclaredLine, DeclaredOccupation

FULL = 100
"""mu is kept x 100."""
DAY = timedelta(days=1)
UNTIL = "reduction until"


@dataclass(slots=True)
class Entitled:
    """What a rule grants for a claim: G in eurocents (0: no right, None: unknown), or all that is left.

    Its steps and doubts come from its own conditions, its rows are those that opened the right.
    """

    amount: int | None = 0
    whole: bool = False
    steps: list[TraceStep] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    rows: list[FigureRow] = field(default_factory=list)

    def doubt(self, certainty: Certainty, reason: str) -> None:
        """Add a reason why it is not certain."""
        self.doubts.append(Doubt(certainty, reason))

    def unseen(self, certainty: Certainty, reason: str) -> None:
        """Add a condition that is not declared, as a reason why it is not certain."""
        self.doubts.append(Doubt(certainty, reason, UNKNOWN))

    def rest_on(self, row: FigureRow) -> None:
        """Rest a condition or an amount on this row; a figure that was derived or remembered has to be checked."""
        doubt = Doubt(Certainty.TO_CHECK, f"derived or remembered, not read: {row.cited}")
        if not row.quality.firm and doubt not in self.doubts:
            self.doubts.append(doubt)

    def give(self, row: FigureRow, name: str) -> "Entitled":
        """Grant the amount G of this name in a row."""
        self.amount = cents(row.number(name))
        self.steps.append(TraceStep("G", f"{row.number(name):.2f}", "EUR", row.cited))
        self.rest_on(row)
        return self

    def give_whole(self, row: FigureRow) -> "Entitled":
        """Grant all that the structural reduction leaves."""
        self.whole = True
        self.steps.append(TraceStep("G", "what is left", None, row.cited))
        self.rest_on(row)
        return self

    def limited(
        self, here: ClaimContext, row: FigureRow, limit: int, *, at_most: bool = False, wanted: bool = True
    ) -> bool:
        """Whether S is below a limit in eurocents; the steps say so, and what is doubtful becomes a doubt.

        `wanted` is whether it has to be.
        """
        self.rest_on(row)
        below, doubts = here.below(limit, at_most=at_most)
        self.doubts += doubts
        self.steps.append(TraceStep("S", plain(here.measured.reference), "EUR", here.law[RULE].statute))
        outcome = UNKNOWN if doubts else whether(below == wanted)
        self.steps.append(TraceStep("limit of S", plain(limit), "EUR", row.cited, outcome))
        return below

    def hold(
        self, step: str, value: str, source: Citation | str, unit: str | None = None, outcome: ConditionOutcome = HELD
    ) -> None:
        """Add a condition that held, and its source."""
        self.steps.append(TraceStep(step, value, unit, source, outcome))

    def refuse(self, step: str, value: str, source: Citation | str, unit: str | None = None) -> "Entitled":
        """Grant nothing, and add the condition that was not met."""
        self.steps.append(TraceStep(step, value, unit, source, DID_NOT_HOLD))
        self.amount, self.whole = 0, False
        return self


def unknown(right: Entitled, reason: str) -> Entitled:
    """Leave the amount unknown, for this reason."""
    right.amount = None
    right.doubt(Certainty.UNDETERMINED, reason)
    return right


def open_until(right: Entitled, series: Series, row: FigureRow) -> bool:
    """Whether the reduction still exists: the row is not the one that ends it; the steps say until when."""
    ends = series.rows[-1]
    if "abolished" not in ends.figures:
        return True
    until = f"{ends.start - DAY}"
    if row is ends:
        right.refuse(UNTIL, until, row.cited)
        return False
    right.hold(UNTIL, until, row.cited)
    return True


def within(right: Entitled, nth: int, quarters: int, source: Citation | str) -> bool:
    """Whether a quarter is one of those of the right; the steps say how many it has."""
    outcome = whether(1 <= nth <= quarters)
    right.steps.append(TraceStep("quarters of the right", str(quarters), None, source, outcome))
    if outcome is HELD:
        return True
    right.amount, right.whole = 0, False
    return False


def nth_of(here: ClaimContext, right: Entitled, start: date, row: FigureRow) -> int:
    """Which quarter of the right this is, counted from `start`; the steps say so."""
    nth = nth_quarter(start, here.situation.quarter)
    right.steps.append(TraceStep("right since", start.isoformat(), None, "DmfA zone 00090"))
    right.steps.append(TraceStep("quarter of the right", str(nth), None, row.cited))
    return nth


def in_category(here: ClaimContext, right: Entitled, row: FigureRow) -> bool:
    """Whether the category of the structural reduction is one of those in the row."""
    right.doubts += here.category.doubts
    if here.category.name in row.codes("codes"):
        right.hold("category", here.category.name, row.cited)
        right.rows.append(row)
        return True
    right.refuse("category", here.category.name, row.cited)
    right.rest_on(row)
    return False


Entitle = Callable[[ClaimContext], Entitled]


def assess_claims(situation: Situation, law: Law, *, codes: frozenset[str], entitle: Entitle) -> Iterator[Assessment]:
    """What is due and what is taken under these codes, where one of them is claimed."""
    return iter(()) if codes.isdisjoint(situation.taken) else _assess_claims(situation, codes, entitle, law)


def target_group(name: str, codes: frozenset[str], entitle: Entitle) -> QuarterRule:
    """The rule about a target group under these codes; where none of them is claimed it has nothing to say."""
    return QuarterRule(name, "employer", partial(assess_claims, codes=codes, entitle=entitle), only_with=codes)


def _assess_claims(situation: Situation, codes: frozenset[str], entitle: Entitle, law: Law) -> Iterator[Assessment]:
    for line, occupation, claim in claims(situation, codes, law):
        label = situation.label(line, occupation)
        try:
            due, doubts, steps = entitled(situation, line, occupation, claim, entitle, law)
        except NoLaw as error:
            due, doubts = None, [Doubt(Certainty.UNDETERMINED, str(error))]
            steps = list(undetermined(error))
        if chosen(occupation.claims, all_codes(law)) is None:
            reason = "another occupation of the same worker line has this reduction, and this one follows it"
            doubts.append(Doubt(Certainty.LIKELY, reason))
        why = partial(iter, tuple(steps))
        yield Assessment(claim.code, line, occupation, label, due, claim.amount, tuple(doubts), why)


def entitled(
    situation: Situation, line: DeclaredLine, occupation: DeclaredOccupation, claim: Claim, entitle: Entitle, law: Law
) -> tuple[int | None, list[Doubt], list[TraceStep]]:
    """What is due in eurocents, the doubts and the steps.

    Raises NoLaw.
    """
    here = place(situation, line, occupation, claim, law)
    known, statute = here.known, law[RULE].statute
    if chosen(occupation.claims, all_codes(law)) not in (None, claim.code):
        row = law[RULE].at("codes", here.first)
        doubt = Doubt(Certainty.LIKELY, f"the employer may choose which one: {row.cited}")
        return 0, [doubt], [TraceStep("target groups of an occupation", "one", None, row.cited, DID_NOT_HOLD)]
    if not known.excluding.isdisjoint(occupation.wages) or occupation.wage(known.wage_codes) <= 0:
        return 0, [], [here.worker.why, TraceStep("W", "0.00", "EUR", statute, DID_NOT_HOLD)]
    if here.worker.too_young:
        return 0, [], [here.worker.why]
    without = law[RULE].at("worker codes without", here.first)
    if line.worker_code in without.codes("codes"):
        return 0, [], [TraceStep("worker code", line.worker_code, None, without.cited, DID_NOT_HOLD)]
    if here.worker.cover is Cover.NOT_COVERED:
        reason = "not settled whether a worker outside some branches has a target group"
        doubt = Doubt(Certainty.TO_CHECK, reason, UNKNOWN)
        return 0, [doubt], [here.worker.why]
    if here.measured.mu == 0:
        return 0, [], [here.worker.why, TraceStep("mu", "0.00", None, statute, DID_NOT_HOLD)]
    if here.measured.mu is None or here.measured.mu_glob is None or not here.measured.factor:
        reason = f"the working time needed for S or mu is not declared: {SERVICES}"
        return None, [Doubt(Certainty.UNDETERMINED, reason)], [here.worker.why]
    return _granted(here, _whenever_born(here, entitle), (here.measured.mu, here.measured.mu_glob))


def _whenever_born(here: ClaimContext, entitle: Entitle) -> Entitled:
    """What a rule grants on every possible day of birth; where it differs the highest, to check.

    Raises NoLaw.
    """
    if here.birth is None or here.birth.exact:
        return entitle(here)
    found = [entitle(replace(here, born=day)) for day in here.birth.days()]
    best = max(found, key=lambda one: (one.amount is None, one.whole, one.amount or 0))
    best.doubts = list(dict.fromkeys(doubt for one in (best, *found) for doubt in one.doubts))
    best.rows = list(dict.fromkeys(row for one in (best, *found) for row in one.rows))
    if any((one.amount, one.whole) != (best.amount, best.whole) for one in found):
        best.doubt(Certainty.TO_CHECK, here.birth.doubt)
    return best


def _granted(
    here: ClaimContext, right: Entitled, share: tuple[int, int]
) -> tuple[int | None, list[Doubt], list[TraceStep]]:
    doubts, steps = right.doubts, [here.worker.why, *_wage(here), *right.steps]
    for reason in here.worker.doubts:
        right.unseen(Certainty.TO_CHECK, reason)
    if right.amount is None:
        return None, doubts, steps
    if not right.amount and not right.whole:
        return 0, doubts, steps
    row, statute = here.law[RULE].at("beta", here.first), here.law[RULE].statute
    floor = Floor(row, here.known.exceptions)
    beta, more = factor(floor, here.situation, here.line, here.occupation, share[1], sheltered=here.category.sheltered)
    doubts += more
    steps.append(TraceStep("mu", plain(share[0]), None, statute, HELD))
    steps += floor_steps(floor, here.line, here.occupation, share[1])
    if beta is None:
        return None, doubts, steps
    steps.append(TraceStep("beta_g", decimals(beta.factor), None, row.cited))
    limit = base(here.line, here.occupation, here.known, share, here.law, manual=here.worker.manual)
    exact = right.amount * share[0] * beta.factor
    product = half_up(exact.numerator, exact.denominator * FULL)
    if right.whole:
        product = limit.amount if beta.factor else 0
        if beta.factor and share[0] * beta.factor != FULL:
            right.unseen(Certainty.TO_CHECK, "not settled whether mu and beta_g reduce a full exemption")
    elif right.amount:
        steps.append(TraceStep("G x mu x beta_g", plain(product), "EUR", statute))
    structural, unsure, rows = _structural(here)
    if structural is None:
        if right.whole:
            return None, doubts + unsure, steps
        structural = here.occupation.claimed("3000")
        right.doubt(
            Certainty.TO_CHECK, "the structural reduction beside it is not known; what is claimed stands for it"
        )
    kept = combine(limit.amount, structural, product)
    if kept.target < product or right.whole:
        doubts += [one for one in unsure if one not in doubts]
    doubts += limit.doubts(structural + product if not right.whole else limit.amount)
    steps += [
        TraceStep("base contributions", plain(limit.amount), "EUR", here.known.base.cited),
        TraceStep("Ps", plain(structural), "EUR", "structural reduction of the same occupation"),
        TraceStep("Pg", plain(kept.target), "EUR", citing(statute, *here.rows, *rows, *right.rows)),
    ]
    return kept.target, doubts, steps


def _wage(here: ClaimContext) -> Iterator[TraceStep]:
    """The wage that counts and, where several target groups are claimed, that this is the one of the occupation."""
    yield TraceStep("W", plain(here.measured.wage), "EUR", here.law[RULE].statute, HELD)
    if len({claim.code for claim in here.occupation.claims} & all_codes(here.law)) > 1:
        yield TraceStep(
            "target groups of an occupation", "one", None, here.law[RULE].at("codes", here.first).cited, HELD
        )


def _structural(here: ClaimContext) -> tuple[int | None, list[Doubt], tuple[FigureRow, ...]]:
    try:
        found = calculate_reduction(here.situation, here.line, here.occupation, here.worker, here.first, here.law)
    except NoLaw as error:
        return None, [Doubt(Certainty.UNDETERMINED, str(error))], ()
    return found.due, found.doubts, (found.terms.row,)

"""Older workers (DmfA deductions 8320, 7320, 6320, 6321, 9300): a lower wage and a higher age lower the contributions.

Pg = G x mu x beta_g, G by region, age on the last day of the quarter and reference wage S. The region is taken from
the claimed code; without a claim there is one finding, "to check", when a worker reaches the age or is hired at it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import product

from rules.calculation.target_groups.claims import ClaimContext, place
from rules.calculation.target_groups.grant import (
    Entitled,
    assess_claims,
    entitled,
    in_category,
    nth_of,
    open_until,
    unknown,
    within,
)
from rules.calculation.target_groups.possible import MissingFact, hired, possible, unclaimed
from rules.calculation.target_groups.times import end_of_quarter, pension, retired
from rules.findings.deduction import Assessment
from rules.findings.finding import HELD, UNKNOWN, Certainty, Finding, TraceStep
from rules.findings.rule import QuarterRule
from rules.law.dated_figures import Citation, FigureRow, NoLaw
from rules.law.law import Law
from rules.law.rounding import cents
from rules.view.ages import Birth, age_on, birth, birthday
from rules.view.situation import Situation
from rules.view.worker_line import Claim, DeclaredLine, DeclaredOccupation
from schemas.identifiers import quarter_days

NAME = "older_workers"
WALLONIA, BRUSSELS, FLANDERS, FLANDERS_NEW, GERMAN = "8320", "7320", "6320", "6321", "9300"
CODES = frozenset({WALLONIA, BRUSSELS, FLANDERS, FLANDERS_NEW, GERMAN})
REGIONS = {
    WALLONIA: "Wallonia",
    BRUSSELS: "Brussels",
    FLANDERS: "Flanders",
    GERMAN: "German-speaking Community",
}
"""Where age and wage alone decide once the region is known, and the amount is."""
BANDS = (4, 3, 2, 1)
YOUNGEST = 55
"""Nobody younger has the right anywhere; keeps the search for possible rights short."""
MISSING = MissingFact(
    "region of the establishment unit",
    "the employer, or the Crossroads Bank for Enterprises by the number of the establishment unit (zone 00042)",
)
AGE = "age at the end of the quarter"
ALREADY = "Wallonia ages", "Wallonia limit"
NEW = "Wallonia hired from 2026", "Wallonia limit hired from 2026"
"""Ages and limit of S in Wallonia, of who was in service already and of new hires."""
LEAST_AGE, AGES, PENSION_AGE = "least age", "ages", "pension age reached on"
BEFORE_THE_REGION = (AGE, "category", "S")
"""Steps that are the same in every region."""
LAST_DAY = "last day of the quarter; DmfA zone 00024"


def assess(situation: Situation, law: Law) -> Iterator[Assessment]:
    """What is due and what is taken, where the reduction of a region is claimed."""
    return assess_claims(situation, law, codes=CODES, entitle=entitle)


def entitle(here: ClaimContext) -> Entitled:
    """G by region, age and S.

    Raises NoLaw.
    """
    right = Entitled()
    if not in_category(here, right, here.law[NAME].at("category", here.first)):
        return right
    if here.born is None:
        return unknown(right, "the national number holds no birth date")
    age = age_on(here.born, here.last)
    right.steps.append(TraceStep(AGE, here.age(here.last), "years", LAST_DAY))
    return _REGION[here.claim.code](here, right, here.born, age)


def _wallonia(here: ClaimContext, right: Entitled, born: date, age: int) -> Entitled:
    new = hired_anew(here.occupation, here.law)
    ages, limit = (here.law[NAME].at(name, here.first) for name in (NEW if new else ALREADY))
    if new:
        right.steps.append(TraceStep("hired on", f"{here.occupation.start}", None, ages.cited))
    over, doubts = retired(born, here.situation.quarter, here.law)
    right.doubts += doubts
    reached = f"{pension(here.law, born)[0]}"
    if over:
        return right.refuse(PENSION_AGE, reached, ages.cited)
    right.hold(PENSION_AGE, reached, ages.cited, outcome=UNKNOWN if doubts else HELD)
    if not right.limited(here, limit, cents(limit.number("limit"))):
        if "indexed" in limit.figures and here.below(cents(limit.number("indexed")))[0]:
            right.unseen(Certainty.TO_CHECK, f"not settled whether the limit of S moved with the index: {limit.cited}")
        return right
    band = _band(ages, age)
    if band is None:
        return right.refuse(LEAST_AGE, f"{ages.number('age_1')}", ages.cited, "years")
    right.hold(LEAST_AGE, f"{ages.number(f'age_{band}')}", ages.cited, "years")
    _unsettled(right, ages, age, "two scales were read, and since when the second holds was not")
    _registered(here, right, age)
    return right.give(ages, f"amount_{band}")


def hired_anew(occupation: DeclaredOccupation, law: Law) -> bool:
    """Whether the occupation began when Wallonia had other ages and another limit for new hires."""
    new = law[NAME].series.get(NEW[0])
    return new is not None and occupation.start is not None and occupation.start >= new.timeline[0].start


def _band(row: FigureRow, age: int) -> int | None:
    """The highest band of ages that is reached, None where none is."""
    return next((band for band in BANDS if f"age_{band}" in row.figures and age >= row.number(f"age_{band}")), None)


def _unsettled(right: Entitled, row: FigureRow, age: int, reason: str) -> None:
    """A reason to check the amount of the ages on which the sources differ."""
    if "unsettled_from" in row.figures and row.number("unsettled_from") <= age <= row.number("unsettled_to"):
        right.doubt(Certainty.TO_CHECK, f"{reason}: {row.cited}")


def _registered(here: ClaimContext, right: Entitled, age: int) -> None:
    """Recent hires below an age must have been registered the day before, which is not declared."""
    row, start = here.law[NAME].series["Wallonia registration"].rows[-1], here.occupation.start
    if age < row.number("age") and (start is None or start >= row.start):
        right.unseen(Certainty.LIKELY, f"registration with FOREM on the eve of the hire is not declared: {row.cited}")


def _brussels(here: ClaimContext, right: Entitled, _: date, age: int) -> Entitled:
    row = here.law[NAME].at("Brussels", here.first)
    value = f"{row.number('age_from')}-{row.number('age_to')}"
    if not row.number("age_from") <= age <= row.number("age_to"):
        return right.refuse(AGES, value, row.cited, "years")
    right.hold(AGES, value, row.cited, "years")
    if not right.limited(here, row, _limit(here, row), at_most=True):
        return right
    return right.give(row, "amount")


def _flanders(here: ClaimContext, right: Entitled, born: date, age: int) -> Entitled:
    row = here.law[NAME].at("Flanders in service", here.first)
    if not open_until(right, here.law[NAME].series["Flanders in service"], row):
        return right
    if retired(born, here.situation.quarter, here.law)[0]:
        right.unseen(Certainty.TO_CHECK, "not settled whether it goes on after the pension age")
    if not right.limited(here, row, _limit(here, row)):
        return right
    band = _band(row, age)
    if band is not None:
        right.hold(LEAST_AGE, f"{row.number(f'age_{band}')}", row.cited, "years")
        _unsettled(right, row, age, "two sources differ on the ages")
        return right.give(row, f"amount_{band}")
    eve = row.start - timedelta(days=1)
    if "kept_age" in row.figures and age_on(born, eve) >= row.number("kept_age"):
        sure = Certainty.LIKELY if age >= row.number("kept_from") else Certainty.TO_CHECK
        right.doubt(sure, f"kept from before {row.start}: {row.cited}")
        kept = HELD if sure is Certainty.LIKELY else UNKNOWN
        right.hold(f"{LEAST_AGE} on the eve", f"{row.number('kept_age')}", row.cited, "years", kept)
        return right.give(row, "kept_amount")
    return right.refuse(LEAST_AGE, f"{row.number('age_1')}", row.cited, "years")


def _newly_hired(here: ClaimContext, right: Entitled, born: date, _: int) -> Entitled:
    row, start = here.law[NAME].at("Flanders newly hired", here.first), here.claim.start
    if not open_until(right, here.law[NAME].series["Flanders newly hired"], row):
        return right
    if start is None:
        return unknown(right, "the first day of the right is not declared (zone 00090)")
    if not within(right, nth_of(here, right, start, row), int(row.number("quarters")), row.cited):
        return right
    if age_on(born, end_of_quarter(start)) < row.number("age"):
        return right.refuse(LEAST_AGE, f"{row.number('age')}", row.cited, "years")
    right.hold(LEAST_AGE, f"{row.number('age')}", row.cited, "years")
    limits = here.law[NAME].at("Flanders newly hired limit", here.first)
    right.limited(here, limits, _limit(here, limits))
    return right.give_whole(row)


def _german(here: ClaimContext, right: Entitled, _: date, age: int) -> Entitled:
    row = here.law[NAME].at("German-speaking Community", here.first)
    band = _band(row, age)
    if age < row.number("age"):
        if age >= row.number("age_before"):
            reason = f"since when it is {row.number('age')} years instead of {row.number('age_before')} was not found"
            right.doubt(Certainty.TO_CHECK, f"{reason}: {row.cited}")
        return right.refuse(LEAST_AGE, f"{row.number('age')}", row.cited, "years")
    if not right.limited(here, row, cents(row.number("limit"))):
        return right
    if band is None:
        return unknown(right, f"the amount of the German-speaking Community was not found: {row.cited}")
    if age > row.number("age_to"):
        right.doubt(Certainty.TO_CHECK, f"the amounts were read up to {row.number('age_to')} years: {row.cited}")
        return right.refuse(AGES, f"{row.number('age')}-{row.number('age_to')}", row.cited, "years")
    right.hold(LEAST_AGE, f"{row.number(f'age_{band}')}", row.cited, "years")
    return right.give(row, f"amount_{band}")


_REGION = {
    WALLONIA: _wallonia,
    BRUSSELS: _brussels,
    FLANDERS: _flanders,
    FLANDERS_NEW: _newly_hired,
    GERMAN: _german,
}


def _limit(here: ClaimContext, row: FigureRow) -> int:
    """The limit of this quarter in eurocents: a higher one where the year-end bonus is paid."""
    higher = "limit_bonus" in row.figures and here.bonus_quarter
    return cents(row.number("limit_bonus" if higher else "limit"))


@lru_cache(maxsize=4096)
def _of_age(person: str, quarter: str) -> Birth | None:
    """When somebody was born who may be old enough, None of the others."""
    born = birth(person)
    return born if born and born.ages(quarter_days(quarter)[1]).most >= YOUNGEST else None


def find_possible(situation: Situation, _day: date, law: Law) -> Iterator[Finding]:
    """Rights that depend only on the region, in the quarter in which they can begin."""
    born = _of_age(situation.person, situation.quarter)
    if born is None:
        return
    for day, (line, occupation) in product(_days_of_birth(situation, born), unclaimed(situation, law)):
        found = dict(_regions(situation, line, occupation, day, law))
        if found:
            here, right = next(iter(found.values()))
            shared = [step for step in right.steps if step.step in BEFORE_THE_REGION]
            steps = [*shared, *(TraceStep(f"G {REGIONS[code]}", *_amount(one)) for code, (_, one) in found.items())]
            yield from possible(NAME, situation, here.line, here.occupation, steps, MISSING, law)
            return


def _days_of_birth(situation: Situation, born: Birth) -> tuple[date, ...]:
    """Every possible one for the newly hired; of others the last, so that a right is reported once, and not early."""
    if not hired(situation):
        return (born.latest,)
    return born.days(*(one.start for line in situation.lines for one in line.occupations if one.start))


def _amount(right: Entitled) -> tuple[str, str | None, Citation | str]:
    step = next(step for step in right.steps if step.step == "G")
    return step.value, step.unit, step.cited


def _regions(
    situation: Situation, line: DeclaredLine, occupation: DeclaredOccupation, born: date, law: Law
) -> Iterator[tuple[str, tuple[ClaimContext, Entitled]]]:
    new = hired(situation)
    first, last = quarter_days(situation.quarter)
    for code in REGIONS:
        try:
            opening = _opening_age(code, occupation, first, born, law)
            if opening is None or age_on(born, last) < opening:
                continue
            if not new and birthday(born, opening) < first:
                continue
            here = replace(place(situation, line, occupation, Claim(code, 0), law), born=born)
            right = entitle(here)
            due, _, _ = entitled(situation, line, occupation, here.claim, entitle, law)
        except NoLaw:
            continue
        if due and right.amount:
            yield code, (here, right)


def _opening_age(code: str, occupation: DeclaredOccupation, day: date, born: date, law: Law) -> int | None:
    """The age at which the right of a region begins for this worker, None where it never does."""
    if code == BRUSSELS:
        return int(law[NAME].at("Brussels", day).number("age_from"))
    if code == FLANDERS:
        row = law[NAME].at("Flanders in service", day)
        return None if "abolished" in row.figures else int(row.number("age_1"))
    if code == GERMAN:
        row = law[NAME].at("German-speaking Community", day)
        return int(row.number("age")) if "age_1" in row.figures else None
    least = int(law[NAME].at((NEW if hired_anew(occupation, law) else ALREADY)[0], day).number("age_1"))
    registered = law[NAME].series["Wallonia registration"].rows[-1]
    if occupation.start is None or occupation.start < registered.start:
        return least
    of_hire = age_on(born, occupation.start)
    return int(registered.number("age")) if least <= of_hire < registered.number("age") else max(least, of_hire)


RULE = QuarterRule(NAME, "employer", assess, find_possible)

"""Unemployment benefit: enough days of work in the months before the application give access to it.

There is a finding when integration income began after the last job ended, nothing shows another income instead, and
the days worked reach one of the thresholds of the law, or may with quarters that were not declared here. Somebody who
lives on less than the benefit their contributions gave access to is worth a question; leaving a job alone is not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from rules.calculation.unemployment_duration import after_resignation, duration, worth
from rules.calculation.windows import Count, WorkWindow, window
from rules.calculation.working_week import expected
from rules.findings.entitlement import missing, months_later, not_seen, over, right, unseen
from rules.findings.finding import HELD, UNKNOWN, Certainty, Doubt, Finding, TraceStep, whether
from rules.findings.rule import HistoryRule
from rules.law.dated_figures import FigureRow, NoLaw, citing
from rules.law.law import Law
from rules.law.rounding import half_up
from rules.view.ages import ANY_AGE, Ages
from rules.view.history import PersonHistory, Worked
from rules.view.situation import InstitutionDecision
from schemas.identifiers import quarter_days, quarter_of

NAME = "unemployment_admission"
INTEGRATION_INCOME, UNEMPLOYED = "integration_income", "unemployment_benefit"
INSTEAD = (UNEMPLOYED, "income_guarantee", "incapacity", "invalidity", "pension", "career_break")
CAREER_MONTHS = 120
WHOLE_CAREER = 12 * 60
"""Months before a request in which all of a career lies."""
BIRTH = not_seen("the year of birth", "the National Register")
NOT_SEEN = unseen(
    Certainty.LIKELY,
    "why the job ended, earlier unemployment, and registration as job seeker",
    "the National Employment Office",
)


@dataclass(frozen=True, slots=True)
class AdmissionPath:
    """A way to be admitted: its name, what was found for it, and whether that is enough (None: perhaps)."""

    name: str
    row: FigureRow
    found: WorkWindow
    enough: bool | None
    unseen: tuple[str, ...]
    open: bool
    """Whether the person is surely young enough; else perhaps."""


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The first integration income that followed on enough work, as known on `day`."""
    if not history.decisions or not history.worked:
        return []
    for decision in history.decided(INTEGRATION_INCOME):
        if over(quarter_of(decision.start), day):
            found = list(_of_decision(history, decision, day, law))
            if found:
                return found
    return []


def _of_decision(history: PersonHistory, decision: InstitutionDecision, day: date, law: Law) -> Iterator[Finding]:
    asked = decision.start
    try:
        services, conversion = law[NAME].at("services", asked), law[NAME].at("conversion", asked)
    except NoLaw:
        return
    insured = [one for one in history.worked if one.worker_code not in services.codes("without") and one.first < asked]
    latest = max(insured, key=lambda one: one.last, default=None)
    if latest is None or any(one.end is None or one.end >= asked for one in insured if one.last == latest.last):
        return
    if any(history.has(kind, asked, max(day, asked)) for kind in INSTEAD):
        return
    admitted = max((one.start for one in history.decided(UNEMPLOYED) if one.start < asked), default=date.min)
    new = [one for one in insured if one.first > admitted]
    lines = sorted(
        _lines(history, new, asked, admitted, services, conversion, law),
        key=lambda line: (line.enough is not True, not line.open),
    )
    best = next((line for line in lines if line.enough is not False), None)
    if best is None:
        return
    doubts = [NOT_SEEN]
    if best.enough is None:
        doubts.append(
            missing(best.unseen, "the NSSO")
            if best.unseen
            else unseen(Certainty.TO_CHECK, "on which days of the quarter the work fell", "the employer")
        )
    if not best.open:
        doubts.append(Doubt(Certainty.TO_CHECK, history.born.doubt if history.born else BIRTH, UNKNOWN))
    codes = services.codes("counted")
    career = window(history, insured, asked, WHOLE_CAREER, _count(services, conversion), _most(conversion))
    other = any(one.part_time or one.days_per_week != SIX for one in new if _six_days(one, codes))
    if other and not conversion.quality.firm:
        doubts.append(Doubt(Certainty.TO_CHECK, f"days brought to a week of six: {conversion.cited}"))
    age = f"{_ages(history, asked)}" if history.born else "unknown"
    trace = (
        TraceStep("age", age, "years", best.row.cited, HELD if best.open else UNKNOWN),
        TraceStep(
            "integration income from", f"{asked}", None, "decision of the public centre for social welfare", HELD
        ),
        TraceStep("last job until", f"{latest.last}", None, "DmfA zone 00045", HELD),
        TraceStep(
            "days of work",
            f"{best.found.surely // 100}",
            "days",
            citing(f"{best.name}: {best.row.cited}", best.row, services, conversion),
            whether(best.enough),
        ),
        *duration(asked, day, career, history.born, law[NAME]),
        *worth(asked, law[NAME]),
        *after_resignation(asked, career, law[NAME]),
    )
    causes = (*(event for one in new for event in one.events), decision.event)
    yield right(NAME, history.person, quarter_of(asked), trace=trace, doubts=doubts, causes=causes)


def _ages(history: PersonHistory, asked: date) -> Ages:
    return history.born.ages(asked) if history.born else ANY_AGE


SIX = 600
"""Days per week x 100 of the regime the law counts in."""


def _most(conversion: FigureRow) -> int:
    """The days x 100 that a quarter counts for at most."""
    return int(conversion.number("quarter")) * 100


def _count(services: FigureRow, conversion: FigureRow) -> Count:
    """What an occupation in a quarter counts for, in days x 100 of a week of six."""
    codes, most = services.codes("counted"), _most(conversion)

    def count(one: Worked) -> int:
        return most if _complete(one, codes) else _six_days(one, codes)

    return count


def _lines(
    history: PersonHistory,
    new: Sequence[Worked],
    asked: date,
    admitted: date,
    services: FigureRow,
    conversion: FigureRow,
    law: Law,
) -> Iterator[AdmissionPath]:
    """Every line open to the age on the day of the request; a line of an older group is open to the younger."""
    ages = _ages(history, asked)
    count, most = _count(services, conversion), _most(conversion)
    for name, series in law[NAME].series.items():
        if not name.startswith("line"):
            continue
        try:
            row = series.at(asked)
        except NoLaw:
            continue
        below = int(row.number("below"))
        if ages.least >= below:
            continue
        months = int(row.number("months"))
        found = _since(admitted, window(history, new, asked, months, count, most))
        enough = found.reaches(int(row.number("days")) * 100)
        unseen = found.unseen
        if "career" in row.figures or "of" in row.figures:
            career = window(history, new, months_later(asked, -months), CAREER_MONTHS, count, most)
            before = _since(admitted, career)
            more = before.reaches(_needed_before(row, found))
            enough = False if False in (enough, more) else True if enough and more else None
            unseen = (*before.unseen, *found.unseen)
        yield AdmissionPath(name, row, found, enough, unseen, ages.most < below)


def _since(admitted: date, found: WorkWindow) -> WorkWindow:
    """The window without the quarters that lie before the last admission whole: their days are not new."""
    unseen = tuple(name for name in found.unseen if quarter_days(name)[1] > admitted)
    return WorkWindow(found.surely, found.most, unseen)


def _needed_before(row: FigureRow, found: WorkWindow) -> int:
    """Days x 100 in the ten years before the reference period: a fixed number, or some for each day that is missing."""
    if "career" in row.figures:
        return int(row.number("career")) * 100
    return max(int(row.number("of")) * 100 - found.surely, 0) * int(row.number("per day"))


def _complete(one: Worked, codes: frozenset[str]) -> bool:
    """Whether a full-timer worked all days of a whole quarter, which has as many in every week and quarter."""
    first, last = quarter_days(one.quarter)
    whole = (one.first, one.last) == (first, last) and not one.part_time
    return whole and one.days(codes) >= expected(first, last, one.days_per_week).surely > 0


def _six_days(one: Worked, codes: frozenset[str]) -> int:
    """Days x 100 in a week of six days."""
    if one.part_time:
        hours = one.hours(codes)
        return half_up(hours * SIX, one.reference_hours) if hours and one.reference_hours else 0
    return half_up(one.days(codes) * SIX, one.days_per_week) if one.days_per_week else 0


RULE = HistoryRule(NAME, find)

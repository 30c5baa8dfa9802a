"""Lists the steps of a work bonus, month by month, under the names the law uses."""

from collections.abc import Iterable, Iterator

from rules.calculation.bonus.monthly import SERVICES, BonusCalculation, BonusFigures, Monthly
from rules.calculation.coverage import Subjection
from rules.findings.finding import TraceStep, whether
from rules.law.dated_figures import Citation, citing
from rules.law.rounding import plain


def trace(worker: Subjection, calculations: Iterable[BonusCalculation], statute: str) -> Iterator[TraceStep]:
    """Every step from the worker code to the bonus of the quarter."""
    yield worker.why
    total = 0
    for result in calculations:
        yield from measured(result)
        personal = contribution(result.general, manual=worker.manual)
        for monthly in result.months:
            yield from _month(monthly, statute, personal)
        total += result.due or 0
    yield TraceStep("bonus of the quarter", plain(total), "EUR", statute)


def measured(result: BonusCalculation) -> Iterator[TraceStep]:
    """The wage and the working time of an occupation in the quarter."""
    source = citing("DmfA zones 00067 and 00070", result.general.wage)
    yield TraceStep("W", plain(result.wage), "EUR", source, whether(result.wage > 0))
    occupation, codes = result.occupation, result.general.worked
    source = citing(SERVICES, result.general.services)
    if occupation.part_time:
        yield TraceStep("H", plain(occupation.hours(codes) or 0), "hours", source)
        yield TraceStep("U", plain(occupation.reference_hours or 0), "hours", "DmfA zone 00049")
    else:
        yield TraceStep("J", plain(occupation.days(codes)), "days", source)
        yield TraceStep("D", plain(occupation.days_per_week), "days", "DmfA zone 00047")


def contribution(known: BonusFigures, *, manual: bool) -> Citation:
    """The source of the personal contribution due."""
    return citing(known.personal.cited, known.personal, *((known.manual,) if manual else ()))


def _month(monthly: Monthly, statute: str, personal: Citation) -> Iterator[TraceStep]:
    name, figures = monthly.month.name, monthly.terms
    yield TraceStep(f"W {name}", plain(monthly.wage), "EUR", statute)
    yield TraceStep(f"S {name}", plain(monthly.reference), "EUR", statute)
    if figures.split:
        wanted = (("A1", ""), ("Amax", figures.prefix), ("a", figures.prefix), ("A2", ""))
        more = (("B1", ""), ("Bmax", figures.prefix), ("b", figures.prefix))
        for figure, prefix in (*wanted, *more):
            unit = None if figure in ("a", "b") else "EUR"
            yield TraceStep(f"{figure} {name}", f"{figures.row.number(prefix + figure)}", unit, figures.row.cited)
        yield TraceStep(f"A {name}", plain(monthly.strong), "EUR", statute)
        yield TraceStep(f"B {name}", plain(monthly.weak), "EUR", statute)
    yield TraceStep(f"R {name}", plain(monthly.strong + monthly.weak), "EUR", figures.row.cited)
    if monthly.share != 100:
        yield TraceStep(f"fraction of full time {name}", plain(monthly.share), None, statute)
    yield TraceStep(f"personal contribution {name}", plain(monthly.owed), "EUR", personal)
    yield TraceStep(f"bonus {name}", plain(monthly.granted), "EUR", statute)

"""How long an unemployment benefit lasts and what it is worth, since the reform of 2026 and in the transition to it."""

from collections.abc import Iterator
from datetime import date

from rules.calculation.windows import WorkWindow
from rules.findings.entitlement import DAY, figure, months_later
from rules.findings.finding import HELD, UNKNOWN, TraceStep
from rules.law.dated_figures import Citation, FigureRow, NoLaw, Parameters, citing
from rules.view.ages import ANY_AGE, Ages, Birth

AT_LEAST, AT_MOST = "benefit until at least", "benefit until at most"
WITHOUT_LIMIT = "without limit"
FIRST_MONTHS = "benefit, months 1 to 3"


def duration(
    asked: date, day: date, career: WorkWindow, born: Birth | None, figures: Parameters
) -> Iterator[TraceStep]:
    """Until when a benefit asked for lasts, as known on `day`, for the days of `career` (x 100) that are seen.

    Nothing where the benefit had no limit yet, or where none was read.
    """
    try:
        spans = _spans(asked, day, career, figures)
    except NoLaw:
        return
    if spans is None:
        return
    least, most, cited = spans
    limitless = _without_limit(asked, born, figures)
    yield TraceStep(AT_LEAST, f"{least}", None, cited)
    yield TraceStep(AT_MOST, WITHOUT_LIMIT if limitless else f"{most}", None, cited)
    if limitless:
        years = f"{limitless.number('career')}"
        yield TraceStep("career for a benefit without limit", years, "years", limitless.cited, UNKNOWN)


def worth(asked: date, figures: Parameters) -> Iterator[TraceStep]:
    """What the benefit of the first months is; nothing on days without figures."""
    try:
        figures.at(FIRST_MONTHS, asked)
    except NoLaw:
        return
    yield figure("share of the wage in the first months", figures, FIRST_MONTHS, asked, unit="percent", of="percent")
    yield figure("highest wage a month", figures, FIRST_MONTHS, asked, unit="EUR", of="wage")
    yield figure("highest benefit a month", figures, FIRST_MONTHS, asked, unit="EUR")


def after_resignation(asked: date, career: WorkWindow, figures: Parameters) -> Iterator[TraceStep]:
    """What holds where the worker resigned, which is not seen: once in a career, after enough days of work."""
    try:
        row = figures.at("resignation", asked)
    except NoLaw:
        return
    needed = row.number("career")
    enough = HELD if career.surely >= needed * 100 else UNKNOWN
    yield TraceStep("days of career, if it was a resignation", f"{needed}", "days", row.cited, enough)
    yield TraceStep("months of benefit, if it was a resignation", f"{row.number('months')}", None, row.cited)


def _spans(asked: date, day: date, career: WorkWindow, figures: Parameters) -> tuple[date, date, Citation] | None:
    """The last day at least, the last day at most, and the rows that say so.

    None before the transition, when there was no limit, and for a request in it, of which nothing was read.

    Raises NoLaw.
    """
    reform, _ = figures.first("duration")
    if asked >= reform:
        row = figures.at("duration", asked)
        return (*_by_career(asked, career, row), row.cited)
    in_force, transition = figures.first("transition, first period")
    if day < in_force or asked >= in_force:
        return None
    first = figures.at("first period", asked)
    if months_later(asked, int(first.number("months"))) >= in_force:
        return (*_by_career(in_force, career, transition), citing(transition.cited, transition, first))
    flat, row = figures.first("transition, flat-rate period")
    second, other = figures.first("transition, second period")
    return flat - DAY, second - DAY, citing(row.cited, row, other, first)


def _by_career(start: date, career: WorkWindow, row: FigureRow) -> tuple[date, date]:
    """Twelve months, and one more for so many days of career beyond those that opened the right."""
    months, more = int(row.number("months")), int(row.number("more"))
    seen = 0
    if "per" in row.figures:
        beyond = career.surely // 100 - int(row.number("beyond"))
        seen = min(max(beyond // int(row.number("per")), 0), more)
    return months_later(start, months + seen) - DAY, months_later(start, months + more) - DAY


def _without_limit(asked: date, born: Birth | None, figures: Parameters) -> FigureRow | None:
    """The row of the exemption where somebody is, or may be, old enough for a benefit without limit."""
    try:
        in_force, _ = figures.first("without limit")
        row = figures.at("without limit", max(asked, in_force))
    except NoLaw:
        return None
    ages: Ages = born.ages(max(asked, in_force - DAY)) if born else ANY_AGE
    return row if ages.most >= int(row.number("age")) else None

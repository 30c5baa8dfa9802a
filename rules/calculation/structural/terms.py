"""The figures of the structural reduction in one quarter, as exact integers: amounts in eurocents, rates x 10,000."""

from dataclasses import dataclass
from datetime import date

from rules.calculation.structural.category import NAME
from rules.law.dated_figures import FigureRow
from rules.law.law import Law, per_law
from rules.law.rounding import cents, scaled

RATE = 10_000
"""Rates have at most four decimals."""


@dataclass(frozen=True, slots=True)
class CategoryTerms:
    """The figures of one category in one quarter; amounts in eurocents, rates x 10,000."""

    row: FigureRow
    fixed: int
    alpha: int
    low: int
    gamma: int
    lowest: int
    delta: int
    high: int


@per_law
def terms(law: Law, name: str, day: date) -> CategoryTerms:
    """The figures of a category.

    Raises NoLaw.
    """
    row = law[NAME].at(f"category {name}", day)
    fixed, low, lowest, high = (cents(row.number(figure)) for figure in ("F", "S0", "S2", "S1"))
    alpha, gamma, delta = (scaled(row.number(figure), RATE) for figure in ("alpha", "gamma", "delta"))
    return CategoryTerms(row, fixed, alpha, low, gamma, lowest, delta, high)


@dataclass(frozen=True, slots=True)
class QuarterFigures:
    """The figures that hold for every category in one quarter."""

    statute: str
    day: date
    wage: FigureRow
    services: FigureRow
    wage_codes: frozenset[str]
    excluding: frozenset[str]
    worked: frozenset[str]
    counted: frozenset[str]
    beta: FigureRow
    exceptions: FigureRow | None
    base: FigureRow
    unmoderated: FigureRow | None
    high_wage: FigureRow
    manual: FigureRow
    maribel: FigureRow
    maribel_in_1: frozenset[str]
    threshold: FigureRow | None
    raised: FigureRow


@per_law
def general(law: Law, day: date) -> QuarterFigures:
    """The figures that hold for every category.

    Raises NoLaw.
    """
    known = law[NAME]
    wage, services = known.at("wage W", day), known.at("services", day)
    committees, maribel = known.at("joint committees", day), known.at("social maribel", day)
    return QuarterFigures(
        known.statute,
        day,
        wage,
        services,
        wage.codes("codes"),
        wage.codes("excluding"),
        services.codes("wage"),
        services.codes("fraction"),
        known.at("beta", day),
        known.at_if_known("floor exceptions", day),
        known.at("base contributions", day),
        known.at_if_known("contributions without wage moderation", day),
        known.at("high wage", day),
        known.at("wage of manual workers", day),
        maribel,
        committees.codes_if_any("maribel_1") | maribel.codes_if_any("category_1"),
        known.at_if_known("social maribel threshold", day),
        known.at("raised wage", day),
    )

"""Lists the steps of a structural reduction under the names the law uses."""

from collections.abc import Iterator

from rules.calculation.coverage import Subjection
from rules.calculation.structural.base import contribution_rows
from rules.calculation.structural.floor import Floor, floor_steps
from rules.calculation.structural.reduction import SERVICES, StructuralCalculation
from rules.calculation.structural.terms import QuarterFigures
from rules.findings.finding import DID_NOT_HOLD, HELD, TraceStep
from rules.law.dated_figures import citing
from rules.law.rounding import decimals, plain
from rules.view.worker_line import DeclaredOccupation

WAGES = "DmfA zones 00067 and 00070"
RAISED = (1, 10)
"""First months of the quarters in which W may be raised."""


def trace(result: StructuralCalculation) -> Iterator[TraceStep]:
    """Every step from the worker code to Ps."""
    statute = result.general.statute
    yield result.worker.why
    yield TraceStep("category", result.category.name, None, result.category.source)
    yield from _reference_wage(result, statute)
    if not result.measured.factor:
        return
    yield from _theoretical(result, statute)
    yield from _fraction(result, statute)
    known = result.general
    rows = contribution_rows(result.line, result.occupation, result.category, known)
    source = citing(known.base.cited, *rows)
    yield TraceStep("base contributions", plain(result.base), "EUR", source)
    yield TraceStep("Ps", plain(result.due or 0), "EUR", statute)


def without_wage(worker: Subjection, occupation: DeclaredOccupation, known: QuarterFigures) -> Iterator[TraceStep]:
    """Why nothing is due where no wage counts: there is none, or a remuneration that excludes the reduction."""
    yield worker.why
    excluding = sorted(known.excluding.intersection(occupation.wages))
    said = f"none with codes {_codes(known.excluding)}" if excluding else f"codes {_codes(known.wage_codes)}"
    wage = plain(occupation.wage(known.wage_codes))
    yield TraceStep("W", wage, "EUR", citing(f"{WAGES}, {said}", known.wage), DID_NOT_HOLD)


def _reference_wage(result: StructuralCalculation, statute: str) -> Iterator[TraceStep]:
    occupation, known, measured = result.occupation, result.general, result.measured
    rows = (known.wage, known.raised) if known.day.month in RAISED else (known.wage,)
    source = citing(f"{WAGES}, codes {_codes(known.wage_codes)}", *rows)
    yield TraceStep("W", plain(measured.wage), "EUR", source, HELD)
    if measured.raised:
        yield TraceStep("W raised by factor", f"{known.raised.number('agency_factor')}", None, known.raised.cited)
    source = citing(f"{SERVICES}, codes {_codes(known.worked)}", known.services)
    if occupation.part_time:
        yield TraceStep("H", plain(occupation.hours(known.worked) or 0), "hours", source)
        yield TraceStep("U", plain(occupation.reference_hours or 0), "hours", "DmfA zone 00049")
        formula = "13 U / H"
    else:
        yield TraceStep("J", plain(occupation.days(known.worked)), "days", source)
        yield TraceStep("D", plain(occupation.days_per_week), "days", "DmfA zone 00047")
        formula = "13 D / J"
    if measured.factor:
        yield TraceStep(formula, plain(measured.factor), None, statute)
        yield TraceStep("S", plain(measured.reference), "EUR", statute)


def _theoretical(result: StructuralCalculation, statute: str) -> Iterator[TraceStep]:
    row = result.terms.row
    if result.terms.fixed:
        yield TraceStep("F", plain(result.terms.fixed), "EUR", row.cited)
    products = (("alpha", "S0", "S0 - S"), ("gamma", "S2", "S2 - S"), ("delta", "S1", "W - S1"))
    for (rate, bound, difference), amount in zip(products, result.parts, strict=True):
        if row.number(rate):
            yield TraceStep(rate, f"{row.number(rate)}", None, row.cited)
            yield TraceStep(bound, f"{row.number(bound):.2f}", "EUR", row.cited)
            yield TraceStep(f"{rate} x ({difference})", plain(amount), "EUR", statute)
    yield TraceStep("R", plain(result.theoretical), "EUR", statute)


def _fraction(result: StructuralCalculation, statute: str) -> Iterator[TraceStep]:
    occupation, codes = result.occupation, result.general.counted
    source = citing(f"{SERVICES}, codes {_codes(codes)}", result.general.services)
    if occupation.part_time:
        yield TraceStep("Z", plain(occupation.hours(codes) or 0), "hours", source)
    else:
        yield TraceStep("X", plain(occupation.days(codes)), "days", source)
    yield TraceStep("mu", plain(result.measured.mu or 0), None, statute)
    floor = Floor(result.general.beta, result.general.exceptions)
    yield from floor_steps(floor, result.line, occupation, result.measured.mu_glob or 0)
    yield TraceStep("beta_s", decimals(result.beta), None, result.general.beta.cited)


def _codes(codes: frozenset[str]) -> str:
    return ", ".join(str(int(code)) for code in sorted(codes))

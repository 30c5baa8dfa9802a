"""Reports where a declaration takes more than is due, as an anomaly: for the check and for the receipt."""

from collections.abc import Iterable, Iterator

from producers.intake.anomalies import Anomaly
from producers.intake.person_events import DeclaredEvents
from rules.catalogue import excesses
from rules.findings.finding import Excess
from rules.law.law import Law
from rules.view.situation import situation

AMOUNT = "DeductionAmount"


def anomalies(place: str, found: Iterable[Excess]) -> Iterator[Anomaly]:
    """What is taken beyond what is due for the person at `place` in the file."""
    return (_anomaly(place, excess) for excess in found)


def look(one: DeclaredEvents, law: Law) -> Iterator[Anomaly]:
    """The same of a person as it is read; without a reduction there is nothing to take too much of."""
    if _claims(one):
        seen = situation(one.wages, one.working_time, one.contributions)
        yield from anomalies(one.place, excesses(seen, law))


def _claims(one: DeclaredEvents) -> bool:
    return any(
        line["deductions"] or any(occupation["deductions"] for occupation in line["occupations"])
        for line in one.contributions["lines"]
    )


def _anomaly(person: str, excess: Excess) -> Anomaly:
    line = f"{person}/WorkerRecord[{excess.line + 1}]"
    place = (
        f"{line}/WorkerDeduction[{excess.deduction + 1}]/{AMOUNT}"
        if excess.occupation is None
        else f"{line}/Occupation[{excess.occupation + 1}]/OccupationDeduction[{excess.deduction + 1}]/{AMOUNT}"
    )
    message = (
        f"Reduction {excess.deduction_code} takes {excess.claimed:.2f} euro where {excess.due:.2f} is due. "
        f"Declare {excess.due:.2f}, or check wages and working time."
    )
    return Anomaly(excess.code, excess.code.partition("-")[0], AMOUNT, "non-blocking", place, message)

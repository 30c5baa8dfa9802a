"""Checks one reduction by annex 4: its level, and which of its zones must or must not be present."""

from collections.abc import Callable, Iterator
from typing import Any

from producers.intake.dmfa.block_types import UNREAD, AnomalyParts
from schemas.dmfa.code_lists import deduction_rows

ZONES = (
    ("basis", "00088", "DeductionCalculationBasis", "090"),
    ("amount", "00089", "DeductionAmount", "090"),
    ("right_start", "00090", "DeductionRightStartingDate", "001"),
    ("management_months", "00091", "ManagementCostNbrMonths", "001"),
    ("replaced_person", "00092", "ReplacedINSS", "001"),
    ("opening_person", "00093", "ApplicantINSS", "001"),
    ("certificate_origin", "00094", "CertificateOrigin", "001"),
)
"""Field, zone, XML name, and the code NSSO has where it is missing."""
WHERE = {"line": "a worker line", "occupation": "an occupation"}


def deductions(level: str, quarter: str) -> Callable[[dict[str, Any]], Iterator[AnomalyParts]]:
    """The check of reductions on a `level` (`line` or `occupation`) in a quarter."""
    known = deduction_rows()

    def judge(record: dict[str, Any]) -> Iterator[AnomalyParts]:
        code = record.get("code")
        rows = known.get(str(code), ())
        if not rows or UNREAD in record:
            return
        in_quarter = [row for row in rows if row["from"] <= quarter and (not row["until"] or quarter <= row["until"])]
        right = [row for row in in_quarter or rows if row["level"] == level]
        if not right:
            where = WHERE[rows[0]["level"]]
            yield "00086-064", "DeductionCode", f"Reduction {code} belongs to {where}. Declare it there."
        row = (right or in_quarter or rows)[0]
        for field, zone, label, missing in ZONES:
            if row[field] == "always" and field not in record:
                yield f"{zone}-{missing}", label, f"Reduction {code} needs it. Add it."
            elif row[field] == "never" and record.get(field) is not None:
                yield f"{zone}-062", label, f"It has no place beside reduction {code}. Take it out."

    return judge

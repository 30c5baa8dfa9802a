"""No time stops a rule: facts from long before its figures, and the law as it was known earlier, give no error."""

from datetime import date
from itertools import product
from typing import Any

from rules.casebook.case_history import case_history
from rules.catalogue import HISTORY_RULES
from schemas.contracts import contract
from tests.builders.law import LAW

KINDS = next(
    field["type"]["symbols"]
    for field in contract("declarations.entitlements").schema["fields"]
    if field["name"] == "kind"
)
NATURES = ("01", "05", "22")
YEARS = range(1990, 2036, 5)
FIRST_FORM = 2003
"""The year of the first DmfA: no work before it is declared."""


def lived(year: int, kind: str, born: date) -> dict[str, Any]:
    """A job before, during and after the year of a decision where DmfA has them, and a child benefit from before it."""
    work = [
        {"quarter": f"{year + offset}Q{offset + 2}", "from": date(year + offset, 1, 1), "days": {1: 60, 50: 3}}
        for offset in range(-1, 2)
        if year + offset >= FIRST_FORM
    ]
    decided = [{"kind": kind, "nature": nature, "from": date(year, 2, 1)} for nature in NATURES]
    return {
        "born": born,
        "work": work,
        "decisions": [{"kind": "child_benefit", "from": date(year - 1, 1, 1)}, *decided],
    }


def test_no_year_of_a_decision_stops_a_rule() -> None:
    found = set()
    for year, kind, years in product(YEARS, KINDS, (66, 20)):
        history = case_history(lived(year, kind, date(year - years, 1, 15)))
        for rule, day in product(HISTORY_RULES.values(), (date(year, 12, 31), date(year + 3, 7, 1))):
            found |= {finding.rule for finding in rule.decide(history, day, LAW)}
    assert {"increased_reimbursement", "child_benefit_supplement", "income_guarantee_elderly"} <= found

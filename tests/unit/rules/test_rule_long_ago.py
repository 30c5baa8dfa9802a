"""No time stops a rule: facts from long before its figures, and the law as it was known earlier, give no error."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

from rules.casebook.case_file import shipped_cases
from rules.casebook.case_history import case_history
from rules.casebook.trial import decide, read
from rules.catalogue import HISTORY_RULES, RULES
from rules.law.law import Law
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


def test_every_case_is_decided_without_an_error_by_the_law_as_it_was_known_before_it_was_corrected() -> None:
    law = Law(
        {
            name: replace(
                figures,
                series={
                    key: known
                    for key, series in figures.series.items()
                    if (known := series.known_on(date(2026, 11, 23))) is not None
                },
            )
            for name, figures in LAW.parameters.items()
        }
    )
    assert law["maximum_billing"].at("social ceiling", date(2023, 1, 1)).number("amount") == Decimal("506.69")
    found = [decide(read(written), law) for written in shipped_cases({*RULES, *HISTORY_RULES})]
    assert any(found)

"""The typed twin of `declarations.entitlements`; derived from its contract, never edited."""

from datetime import date, datetime
from typing import Literal, TypedDict


Entitlement = TypedDict(
    "Entitlement",
    {
        "event": str,
        "declaration": str,
        "version": int,
        "status": Literal["original", "changed", "cancelled", "reactivated"],
        "quarter": str,
        "employer": str,
        "person": str,
        "occurred_at": datetime,
        "trace_parent": str,
        "institution": str,
        "kind": Literal[
            "unemployment_benefit",
            "income_guarantee",
            "incapacity",
            "invalidity",
            "pension",
            "income_guarantee_elderly",
            "integration_income",
            "disability_allowance",
            "increased_reimbursement",
            "child_benefit",
            "holiday_pay",
            "occupational_risk",
            "career_break",
            "other",
        ],
        "nature": str,
        "from": date,
        "until": date | None,
        "amount": int | None,
        "per": str | None,
        "family_situation": str | None,
        "basis": str,
    },
)
"""What an institution decided about one person: a benefit period, an incapacity, a pension."""

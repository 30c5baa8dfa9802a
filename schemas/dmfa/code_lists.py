"""Looks up codes: which exist, in which quarters, and how severe NSSO considers an anomaly."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from schemas.dmfa.tables import TableRow, is_later, rows

Severity = Literal["blocking", "non-blocking"]
PLACEHOLDERS = {"services": {"999"}, "deductions": {"9999"}, "joint_committees": {"000"}}
"""Placeholders that examples use in place of a code; none of them is valid in any quarter."""
KINDRED = {"workers": ("contributions", "unrelated_contributions"), "contributions": ("unrelated_contributions",)}
"""Lists whose codes are known, and known to be wrong, in a zone of another list."""


@dataclass(frozen=True, slots=True)
class CodeList:
    """A code list: each code with the periods of quarters (`2022Q3`, empty where open) in which it may be declared."""

    name: str
    periods: dict[str, tuple[tuple[str, str], ...]]

    def knows(self, code: str) -> bool:
        """Whether the code exists in any quarter."""
        return code in self.periods

    def holds(self, code: str, quarter: str) -> bool:
        """Whether the code may be declared for a quarter; an empty quarter asks for any."""
        return any(
            not quarter or (first <= quarter and (not last or quarter <= last))
            for first, last in self.periods.get(code, ())
        )

    def may_be_new(self, code: str, quarter: str) -> bool:
        """Whether a code may be newer than the tables: the quarter is later, and no list defines it otherwise."""
        if not is_later(quarter) or code in PLACEHOLDERS.get(self.name, ()):
            return False
        if any(code_list(other).knows(code) for other in KINDRED.get(self.name, ())):
            return False
        return all(first > quarter for first, _ in self.periods.get(code, ()))


@cache
def code_list(name: str) -> CodeList:
    """A code list by the name of its file; reorganisation measures have no leading zeros, as numbers."""
    periods: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in rows(f"codes/{name}.csv"):
        periods[row["code"]] = (*periods.get(row["code"], ()), (row["from"], row["until"]))
    return CodeList(name, periods)


@cache
def deduction_rows() -> dict[str, tuple[TableRow, ...]]:
    """Per reduction code its lines of annex 4: level, and which zones are there `always`, `never` or `may` be."""
    found: dict[str, tuple[TableRow, ...]] = {}
    for row in rows("codes/deductions.csv"):
        found[row["code"]] = (*found.get(row["code"], ()), row)
    return found


@cache
def stands_on_line(code: str) -> bool:
    """Whether a reduction stands on the worker line (block 90110) and not on an occupation (block 90109)."""
    rows = deduction_rows().get(code, ())
    return bool(rows) and all(row["level"] == "line" for row in rows)


@cache
def contribution_types() -> dict[str, frozenset[str]]:
    """Types of contribution (zone 00083) by worker code of the contribution, or `0xx` for all that begin so."""
    return {row["code"]: frozenset(row["types"].split()) for row in rows("codes/contribution_types.csv")}


@cache
def severities() -> dict[str, Severity]:
    """Severity of each anomaly code NSSO has for a zone (`00024-004`): blocking, or reported and accepted."""
    found: dict[str, Severity] = {}
    for row in rows("codes/severities.csv"):
        found |= {f"{row['zone']}-{code}": "blocking" for code in row["blocking"].split()}
        found |= {f"{row['zone']}-{code}": "non-blocking" for code in row["non_blocking"].split()}
    return found

"""Lists every key a case may have, its level and its values; docs/cases.md explains each."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from rules.findings.finding import Certainty
from schemas.identifiers import birth_date, is_inss

KeyCheck = Callable[[Any], str | None]
"""What is wrong with a value, or None."""
FILE, CASE, LINE, OCCUPATION, DECISION, FINDING = "file", "case", "line", "occupation", "decision", "finding"
HISTORY, WORK = "history", "work"
"""A case over several quarters, and the work in them."""
QUARTER = re.compile(r"20\d\dQ[1-4]")


def text(value: Any) -> str | None:
    """A word or a sentence."""
    return None if isinstance(value, str) and value.strip() else "is not a text"


def code(value: Any) -> str | None:
    """A code; written as a text where it begins with a zero."""
    return None if isinstance(value, str | int) and str(value).strip() else "is not a code"


def day(value: Any) -> str | None:
    """A day."""
    return None if type(value) is date else "is not a day, as 2026-07-01"


def open_day(value: Any) -> str | None:
    """A day, or null."""
    return None if value is None else day(value)


def quarter(value: Any) -> str | None:
    """A quarter."""
    return None if QUARTER.fullmatch(str(value)) else "is not a quarter, as 2026Q3"


def person(value: Any) -> str | None:
    """A national number; some have no date of birth."""
    number = str(value)
    sound = len(number) == 11 and number.isdigit() and (birth_date(number) is not None or is_inss(number))
    return None if sound else "is not a national number of 11 digits; one that begins with 0 stands in quotes"


def number(value: Any) -> str | None:
    """A number that is not negative, in hundredths at most."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        return "is not a number of 0 or more"
    return None if Decimal(value) * 100 % 1 == 0 else "has more than two decimals"


def by_code(value: Any) -> str | None:
    """Numbers by code."""
    if not isinstance(value, dict):
        return "is not a mapping from code to number, as {1: 6500.00}"
    for key, amount in value.items():
        if not str(key).isdigit():
            return f"{key} is not a code of digits"
        if problem := number(amount):
            return f"under code {key}: {amount} {problem}"
    return None


def claims(value: Any) -> str | None:
    """Deductions by code: an amount, or the amount and what zones 00090 to 00096 say about the right."""
    if not isinstance(value, dict):
        return "is not a mapping from code to amount, as {3000: 100.00}"
    plain: dict[Any, Any] = {}
    for key, taken in value.items():
        if isinstance(taken, dict):
            if problem := _detailed(taken):
                return f"under code {key}: {problem}"
            plain[key] = taken["amount"]
        else:
            plain[key] = taken
    return by_code(plain)


def _detailed(taken: dict[Any, Any]) -> str | None:
    if "amount" not in taken:
        return "`amount` is missing"
    unknown = [name for name in taken if name not in ("amount", "since", "shortened")]
    if unknown:
        return f"{unknown[0]} is none of amount, since, shortened"
    if "since" in taken and (problem := day(taken["since"])):
        return f"`since` {problem}"
    shortened = taken.get("shortened", {})
    if not isinstance(shortened, dict) or not set(shortened) <= {"on", "from", "to"}:
        return "`shortened` has the keys on, from, to"
    return None


def codes(value: Any) -> str | None:
    """A list of codes."""
    sound = isinstance(value, list) and all(code(entry) is None for entry in value)
    return None if sound else "is not a list of codes"


def quarters(value: Any) -> str | None:
    """A list of quarters."""
    sound = isinstance(value, list) and value and all(quarter(entry) is None for entry in value)
    return None if sound else "is not a list of quarters, as [2026Q1, 2026Q2]"


def one(value: Any) -> str | None:
    """The number 1."""
    return None if value == 1 and not isinstance(value, bool) else "is 1, or is left away"


def contract(value: Any) -> str | None:
    """The hours of the contract and those of full time."""
    if not isinstance(value, list) or len(value) != 2:
        return "is not two numbers: the hours of the contract, and those of full time"
    return next((f"{hours} {problem}" for hours in value if hours is not None and (problem := number(hours))), None)


def several(value: Any) -> str | None:
    """A list; its entries are checked separately."""
    return None if isinstance(value, list) else "is not a list"


def expected(value: Any) -> str | None:
    """What a finding shows: a text, a number, or null."""
    return None if value is None or isinstance(value, str | int | Decimal) else "is neither text nor number"


def certainty(value: Any) -> str | None:
    """One of the certainties."""
    return None if value in set(Certainty) else f"is not one of {', '.join(Certainty)}"


def side(value: Any) -> str | None:
    """The side whose money it is."""
    return None if value in ("employer", "citizen") else "is neither employer nor citizen"


def steps(value: Any) -> str | None:
    """Figures of the trace by name."""
    if not isinstance(value, dict):
        return "is not a mapping from the name of a figure to its value"
    return next((f"{name} {problem}" for name, entry in value.items() if (problem := expected(entry))), None)


@dataclass(frozen=True, slots=True)
class CaseKey:
    """A key, its level, and the check of its value."""

    level: str
    name: str
    check: KeyCheck
    required: bool = False


KEYS: tuple[CaseKey, ...] = (
    CaseKey(FILE, "rule", text, required=True),
    CaseKey(FILE, "cases", several, required=True),
    CaseKey(CASE, "case", text, required=True),
    CaseKey(CASE, "quarter", quarter, required=True),
    CaseKey(CASE, "on", day),
    CaseKey(CASE, "person", person),
    CaseKey(CASE, "lines", several),
    CaseKey(CASE, "decisions", several),
    CaseKey(CASE, "expect", several, required=True),
    CaseKey(HISTORY, "case", text, required=True),
    CaseKey(HISTORY, "on", day, required=True),
    CaseKey(HISTORY, "person", person),
    CaseKey(HISTORY, "born", day),
    CaseKey(HISTORY, "work", several),
    CaseKey(HISTORY, "decisions", several),
    CaseKey(HISTORY, "one declaration", one),
    CaseKey(HISTORY, "expect", several, required=True),
    CaseKey(WORK, "quarter", quarter),
    CaseKey(WORK, "quarters", quarters),
    CaseKey(WORK, "employer", code),
    CaseKey(WORK, "lines", several),
    CaseKey(LINE, "employer class", code),
    CaseKey(LINE, "worker code", code),
    CaseKey(LINE, "claimed on the line", claims),
    CaseKey(LINE, "contributions", codes),
    CaseKey(LINE, "occupations", several),
    CaseKey(OCCUPATION, "from", day),
    CaseKey(OCCUPATION, "until", open_day),
    CaseKey(OCCUPATION, "joint committee", code),
    CaseKey(OCCUPATION, "days per week", number),
    CaseKey(OCCUPATION, "contract", contract),
    CaseKey(OCCUPATION, "wage", by_code),
    CaseKey(OCCUPATION, "days", by_code),
    CaseKey(OCCUPATION, "hours", by_code),
    CaseKey(OCCUPATION, "claimed", claims),
    CaseKey(DECISION, "kind", text, required=True),
    CaseKey(DECISION, "nature", code),
    CaseKey(DECISION, "from", day, required=True),
    CaseKey(DECISION, "until", open_day),
    CaseKey(FINDING, "quarter", quarter),
    CaseKey(FINDING, "employer", expected),
    CaseKey(FINDING, "occupation", expected),
    CaseKey(FINDING, "side", side),
    CaseKey(FINDING, "deduction_code", expected),
    CaseKey(FINDING, "amount", expected),
    CaseKey(FINDING, "claimed", expected),
    CaseKey(FINDING, "missing", expected),
    CaseKey(FINDING, "certainty", certainty),
    CaseKey(FINDING, "steps", steps),
    CaseKey(FINDING, "trace", several),
)
NESTED: tuple[tuple[str, str, str], ...] = (
    (FILE, "cases", CASE),
    (CASE, "lines", LINE),
    (CASE, "decisions", DECISION),
    (CASE, "expect", FINDING),
    (HISTORY, "work", WORK),
    (HISTORY, "decisions", DECISION),
    (HISTORY, "expect", FINDING),
    (WORK, "lines", LINE),
    (LINE, "occupations", OCCUPATION),
)
"""A list on one level holds mappings of another."""
SHORT: dict[str, tuple[str, str]] = {CASE: (LINE, "lines"), WORK: (LINE, "lines"), LINE: (OCCUPATION, "occupations")}
"""A level may hold the keys of the next one directly, in place of its list: short for a list of one."""


def keys_of(levels: Iterable[str]) -> dict[str, CaseKey]:
    """The keys of these levels by name."""
    wanted = set(levels)
    return {key.name: key for key in KEYS if key.level in wanted}

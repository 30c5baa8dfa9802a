"""Converts the text of a zone into its value, or says what is wrong: type, length, domain, check digits, code list."""

from collections.abc import Callable
from typing import Any

from producers.intake.anomalies import not_known, shown
from producers.intake.dmfa import digits, texts
from producers.intake.dmfa.value_faults import NOT_IN_QUARTER, OUTSIDE, UnknownCode, ValueFault
from schemas.dmfa.code_lists import CodeList, code_list
from schemas.dmfa.tables import Zone
from schemas.identifiers import is_enterprise, is_establishment, is_nsso

Convert = Callable[[str], Any]
QUARTER_CODE = {"00020": "035", "00037": "035", "00046": "035", "00082": "035", "00051": OUTSIDE, "00062": OUTSIDE,
                "00067": OUTSIDE}  # fmt: skip
"""What NSSO calls a code that exists but not in the quarter, where that is not 034."""


def _listed(zone: Zone, read: Convert, codes: CodeList, quarter: str) -> Convert:
    """The same, held against its code list."""
    what = zone.label.split(" (")[0].split(":")[0]

    def check(text: str) -> Any:
        value = read(text)
        code = str(value)
        if codes.holds(code, quarter):
            return value
        if codes.may_be_new(code, quarter):
            raise UnknownCode(OUTSIDE, not_known(code, what, codes.name), value)
        if not codes.knows(code):
            raise ValueFault(
                OUTSIDE, f"{shown(code)} does not exist as code for: {what}. Put a code of the list.", value
            )
        late = QUARTER_CODE.get(zone.number, NOT_IN_QUARTER)
        raise ValueFault(late, f"{shown(code)} may not be declared for {quarter}. Put a code that held then.", value)

    return check


MAKERS: dict[str, Callable[[Zone], Convert]] = {
    "string": texts.free_text,
    "int": digits.integer,
    "long": digits.integer,
    "bool": digits.flag,
    "date": texts.calendar_day,
    "quarter": digits.quarter,
    "nsso": lambda zone: digits.checked(zone, 9, is_nsso, "NSSO number"),
    "enterprise": lambda zone: digits.checked(zone, 10, is_enterprise, "enterprise number"),
    "establishment": lambda zone: digits.checked(zone, 10, is_establishment, "establishment unit number"),
    "code3": lambda zone: digits.code(zone, 3),
    "code4": lambda zone: digits.code(zone, 4),
    "percent": texts.percent,
}
PERSONS = frozenset({"inss", "inss0"})
"""Types whose makers also ask for the quarter: nobody in a declaration is born after it."""
SPECIAL: dict[str, Callable[[Zone], Convert]] = {"00972": texts.month, "00299": texts.time_of_day}


def converter(zone: Zone, quarter: str) -> Convert:
    """What reads this zone in a declaration for `quarter` (`2022Q3`; empty when it could not be read).

    It raises Wrong.
    """
    if zone.type in PERSONS:
        return digits.person(zone, quarter)
    read = SPECIAL.get(zone.number, MAKERS[zone.type])(zone)
    return _listed(zone, read, code_list(zone.codes), quarter) if zone.codes else read

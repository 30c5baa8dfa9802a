"""What is wrong with a value, with the codes of annex 30."""

from typing import Any

SPACE = " \t\r\n"
"""All that XML calls white space; Python strips more, such as a no-break space."""

NOT_NUMERIC, INVALID, CHECK_DIGITS, OUTSIDE, LENGTH, NOT_IN_QUARTER = "002", "003", "004", "008", "093", "034"


class ValueFault(Exception):
    """The anomaly of a value. `value` is kept when it can still be read; without it the anomaly blocks."""

    def __init__(self, code: str, message: str, value: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.value = value


class UnknownCode(ValueFault):
    """A code newer than the tables, which do not know it: reported, kept, and not read."""

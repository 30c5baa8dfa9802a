"""Rounds as the law does: exact integers in, half up, never a float."""

from decimal import Decimal
from fractions import Fraction

CENTS = 100
DECIMALS = 10
"""Decimals shown of a factor; calculations use the exact fraction."""


def half_up(numerator: int, denominator: int) -> int:
    """The quotient to the nearest integer, a half upwards; for values that are not negative."""
    return (2 * numerator + denominator) // (2 * denominator)


def cents(amount: Decimal) -> int:
    """An amount in euro as eurocents."""
    return scaled(amount, CENTS)


def scaled(value: Decimal, scale: int) -> int:
    """A decimal times `scale`.

    Raises ValueError when that is not a whole number.
    """
    whole = value * scale
    if whole != whole.to_integral_value():
        raise ValueError(f"{value} has more decimals than 1/{scale} can hold")
    return int(whole)


def euro(amount: int) -> Decimal:
    """Eurocents as an amount in euro with two decimals."""
    return Decimal(amount).scaleb(-2)


def plain(value: int, decimals: int = 2) -> str:
    """An integer with its decimal point put back: 98 with two decimals is 0.98."""
    return f"{Decimal(value).scaleb(-decimals):f}"


def decimals(value: Fraction) -> str:
    """A fraction written out as a decimal number."""
    return f"{round(Decimal(value.numerator) / Decimal(value.denominator), DECIMALS).normalize():f}"

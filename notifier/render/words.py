"""Writes numbers, amounts, days and quarters the way a language writes them, digit for digit as they were given."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.render.texts import Texts

NUMBER = re.compile(r"-?\d+(\.\d+)?")
GROUP = re.compile(r"(?<=\d)(?=(?:\d{3})+$)")
BELGIUM = ZoneInfo("Europe/Brussels")
EURO = "EUR"
UNBROKEN = "\u00a0"
SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "mu": "µ",
    "mu_glob": "µ(glob)", "beta_s": "βs", "beta_g": "βg",
}  # fmt: skip


def symbol(step: str) -> str:
    """The sign a step has in the text of the law."""
    return SYMBOLS.get(step, step)


def number(value: str, texts: Texts, *, grouped: bool = False) -> str:
    """A decimal number in the writing of a language; neither rounded nor filled up."""
    style = texts.get("numbers")
    whole, _, rest = value.partition(".")
    if grouped:
        whole = GROUP.sub(style["thousands"], whole)
    return whole + (style["decimal"] + rest if rest else "")


def money(cents: int, texts: Texts) -> str:
    """An amount in eurocents."""
    return euro(f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}", texts)


def euro(value: str, texts: Texts) -> str:
    """An amount in euro."""
    return str(texts.get("numbers")["money"]).format(number(value, texts, grouped=True))


def quantity(value: str, unit: str | None, texts: Texts) -> str:
    """A value of a trace with its unit; what is no number stays as it is."""
    if not NUMBER.fullmatch(value):
        return value
    if unit == EURO:
        return euro(value, texts)
    written = number(value, texts) if unit or "." in value else value
    if not unit:
        return written
    return written + UNBROKEN + str(texts.get("units").get(unit, unit))


def day(moment: datetime, texts: Texts) -> str:
    """The day of a moment, in Belgium."""
    local = moment.astimezone(BELGIUM)
    spoken = "1er" if texts.language == "fr" and local.day == 1 else str(local.day)
    return str(texts.get("date")).format(day=spoken, month=texts.get("months")[local.month - 1], year=local.year)


def quarter(name: str, texts: Texts) -> str:
    """`2026Q3` in words."""
    return str(texts.get("quarters")[int(name[5]) - 1]).format(year=name[:4])


def person_number(value: str) -> str:
    """A national number as people write it: 85.07.30-033.28."""
    if len(value) != 11:
        return value
    return f"{value[:2]}.{value[2:4]}.{value[4:6]}-{value[6:9]}.{value[9:]}"


def employer_number(value: str) -> str:
    """An enterprise number as people write it: 0403.019.261; an NSSO number stays as it is."""
    return f"{value[:4]}.{value[4:7]}.{value[7:]}" if len(value) == 10 else value

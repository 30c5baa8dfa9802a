"""Formats numbers, amounts, days and quarters as a language writes them, without rounding."""

import re
from datetime import date

from notifier.render.texts import Texts

NUMBER = re.compile(r"-?\d+(\.\d+)?")
GROUP = re.compile(r"(?<=\d)(?=(?:\d{3})+$)")
EURO = "EUR"
UNBROKEN = "\u00a0"
GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "mu": "µ"}
SIGN = re.compile(r"[A-Z][a-z]{0,3}\d?|[a-z]|(?:alpha|beta|gamma|delta|mu)(?:_\w+)?|.* [x/] .*")
"""A sign or formula, as opposed to a word."""
MONTHLY = re.compile(r"(.+) (\d{4})-(\d{2})")
"""Steps that are taken anew for each month have its name behind their own."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def month(step: str) -> str | None:
    """The month `2026-07` that a step is taken for, None for other steps."""
    monthly = MONTHLY.fullmatch(step)
    return f"{monthly[2]}-{monthly[3]}" if monthly else None


def base(step: str) -> str:
    """A step without its month."""
    monthly = MONTHLY.fullmatch(step)
    return monthly[1] if monthly else step


def month_name(name: str, texts: Texts) -> str:
    """`2026-07` in words."""
    return f"{texts.get('months')[int(name[5:]) - 1]} {name[:4]}"


def sign(step: str) -> str:
    """The sign a step has in the text of the law, nothing where it is a word."""
    bare, name = base(step), month(step)
    if not SIGN.fullmatch(bare):
        return ""
    for spelled, letter in GREEK.items():
        bare = bare.replace(spelled, letter)
    bare = bare.replace("_glob", "(glob)").replace("_", "").replace(" x ", " × ").replace(" - ", " − ")
    return f"{bare} {name[5:]}/{name[:4]}" if name else bare


def label(step: str, texts: Texts) -> str:
    """What a step is, in words; its own name where the texts have none."""
    name = month(step)
    if name:
        return f"{texts.get('month_steps').get(base(step), base(step))}, {month_name(name, texts)}"
    return str(texts.get("steps").get(step, step.replace("_", " ")))


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
    if DAY.fullmatch(value):
        return day(date.fromisoformat(value), texts)
    if not NUMBER.fullmatch(value):
        return str(texts.get("values").get(value, value))
    if unit == EURO:
        return euro(value, texts)
    written = number(value, texts) if unit or "." in value else value
    if not unit:
        return written
    return written + UNBROKEN + str(texts.get("units").get(unit, unit))


def judged(written: str, outcome: str | None, texts: Texts) -> str:
    """A value with what became of the condition it is about, as `56 years (held)`; a figure stays as it is."""
    said = str(texts.get("outcomes")[outcome]) if outcome else written
    return written if said == written else f"{written} ({said})"


def day(when: date, texts: Texts) -> str:
    """A day in words."""
    spoken = "1er" if texts.language == "fr" and when.day == 1 else str(when.day)
    return str(texts.get("date")).format(day=spoken, month=texts.get("months")[when.month - 1], year=when.year)


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

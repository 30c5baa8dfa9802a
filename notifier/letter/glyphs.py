"""Rewrites text so that the fonts of a letter can print it: no letter is lost because of a character.

A sign that no font has is written in others that mean the same, then in Latin letters, then as `�`.
"""

import re
import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from anyascii import anyascii
from fontTools.ttLib import TTFont

from notifier.character_repair import CONTROL, mend

UNKNOWN = "\ufffd"
TEXT = "Noto Sans"
EAST_ASIAN, EAST_ASIAN_FILE, EAST_ASIAN_FACE = "Noto Sans CJK SC", "NotoSansCJK-VF.otf.ttc", 2
"""One file with a face for each way of writing the same characters; this is the one of mainland China."""
JOINERS = "\u200c\u200d\u00ad\n"
"""Have no look of their own and belong in a text all the same."""
PICTURE = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]|(?<=[\u2190-\u2bff\U0001f000-\U0001faff])\u200d.")
"""What varies a picture: its style, its skin, and what is joined to it. A letter shows the picture alone."""
_RIGHT = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+"
RIGHT_TO_LEFT = re.compile(rf"{_RIGHT}(?:\s+{_RIGHT})*")
LEFT_AGAIN = "\u200e"
"""Comes after words written from right to left: what follows them, a number above all, keeps its place."""


class Face:
    """What one font can write, and how wide."""

    def __init__(self, path: Path, number: int = -1) -> None:
        with TTFont(path, fontNumber=number, lazy=True) as font:
            self._read(font)

    def _read(self, font: Any) -> None:
        self.family: str = font["name"].getBestFamilyName()
        self._glyphs: dict[int, str] = font.getBestCmap()
        self._advances: dict[str, tuple[int, int]] = font["hmtx"].metrics
        self._units: int = font["head"].unitsPerEm

    def has(self, text: str) -> bool:
        """Whether this font has every sign of a text."""
        return all(ord(sign) in self._glyphs for sign in text)

    def width(self, sign: str) -> float:
        """The width of a sign that this font has, in parts of the size of the type."""
        return self._advances[self._glyphs[ord(sign)]][0] / self._units


@cache
def faces() -> tuple[Face, ...]:
    """The fonts in the order in which they are tried, but for that of East Asia."""
    folder = Path(str(files("manimgx_fonts")))
    fonts = [Face(path) for path in sorted(folder.glob("*.ttf")) if "Italic" not in path.name]
    return tuple(sorted(fonts, key=lambda face: (face.family != TEXT, "Symbol" in face.family, "Emoji" in face.family)))


@cache
def east_asian() -> Face:
    """The font of East Asia: as large as all others together, and opened only when somebody needs it."""
    return Face(Path(str(files("manimgx_fonts_cjk"))) / EAST_ASIAN_FILE, EAST_ASIAN_FACE)


def folders() -> list[Path]:
    """Where the typesetter finds all these fonts."""
    return [Path(str(files(package))) for package in ("manimgx_fonts", "manimgx_fonts_cjk")]


def families() -> list[str]:
    """The names of all these fonts, in the order in which they are tried."""
    return [*(face.family for face in faces()), EAST_ASIAN]


def face_for(text: str) -> Face | None:
    """The first font that has every sign of a text."""
    face = next((face for face in faces() if face.has(text)), None)
    if face is None and east_asian().has(text):
        return east_asian()
    return face


def width(text: str) -> float:
    """How wide a text is at most, in parts of the size of the type; joined letters are narrower."""
    return sum(_width(sign) for sign in text)


@cache
def _width(sign: str) -> float:
    if unicodedata.category(sign) in {"Mn", "Me", "Cf"}:
        return 0.0
    face = face_for(sign)
    return face.width(sign) if face else 1.0


class _Spelling(dict[int, str]):
    """What is written for each sign; each is looked up once."""

    def __missing__(self, code: int) -> str:
        self[code] = spelling = self._spell(chr(code))
        return spelling

    def _spell(self, sign: str) -> str:
        if sign in JOINERS:
            return sign
        if sign in "\t\u2028\u2029":
            return " "
        kind = unicodedata.category(sign)
        if kind in {"Cc", "Cf"}:
            return ""
        if kind in {"Co", "Cn", "Cs"}:
            return UNKNOWN
        if self._has(sign):
            return sign
        alike = unicodedata.normalize("NFKC", sign)
        if alike != sign:
            return "".join(self[ord(part)] for part in alike)
        return "" if kind[0] == "M" else CONTROL.sub("", anyascii(sign)) or UNKNOWN

    def _has(self, sign: str) -> bool:
        return face_for(sign) is not None


class _OneFont(_Spelling):
    """What is written when only one font may be used, and no sign may depend on another."""

    def _spell(self, sign: str) -> str:
        return "" if sign in "\u200c\u200d" else super()._spell(sign)

    def _has(self, sign: str) -> bool:
        return unicodedata.category(sign)[0] != "M" and faces()[0].has(sign)


_SPELLING, _ONE_FONT = _Spelling(), _OneFont()


def writable(text: str) -> str:
    """The text in signs that the fonts have; each mark in a font that also has the letter it belongs to."""
    if text.isascii() and text.isprintable():
        return text
    spelled = unicodedata.normalize("NFC", PICTURE.sub("", mend(text)).translate(_SPELLING))
    return _with_marks(spelled) if any(unicodedata.category(sign)[0] == "M" for sign in spelled) else spelled


def in_sentence(text: str) -> str:
    """The same within a text that is written from left to right."""
    return RIGHT_TO_LEFT.sub(rf"\g<0>{LEFT_AGAIN}", writable(text))


def plain(text: str) -> str:
    """The text in letters of one font, none of which depends on another: can be written whatever else happens."""
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFC", mend(text)).translate(_ONE_FONT)


def _with_marks(text: str) -> str:
    kept, cluster = [], ""
    for sign in text:
        if unicodedata.category(sign)[0] != "M":
            kept.append(sign)
            cluster = "" if sign.isspace() or sign in JOINERS else sign
        elif cluster and face_for(cluster + sign):
            kept.append(sign)
            cluster += sign
    return "".join(kept)

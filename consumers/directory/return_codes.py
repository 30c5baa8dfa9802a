"""Gives each outcome of a change a six-digit return code in KSZ's style; `docs/directory.md` explains them.

KSZ's own: 000000, 000050, 000051 (structure), 200000 (a number that was used before), 300010 (not authorised), 300020
(not integrated). Those that begin with 4 are ours: no code of KSZ's is published for what they mean.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class ReturnCode(StrEnum):
    """Return codes, in the order in which the first of several is the code of an answer."""

    TAKEN_IN = "000000"
    UNREADABLE = "000050"
    WRONG_FIELD = "000051"
    OTHER_CONTENT = "200000"
    WRONG_NUMBER = "400010"
    UNKNOWN_QUALITY = "400020"
    NOT_YOUR_QUALITY = "300010"
    PERIOD_REVERSED = "400030"
    NOT_INTEGRATED = "300020"
    VERSION_CONFLICT = "400050"
    PERIOD_CONFLICT = "400040"


MEANS: dict[ReturnCode, tuple[str, str]] = {
    ReturnCode.TAKEN_IN: ("taken in", "nothing"),
    ReturnCode.UNREADABLE: ("cannot be read", "write it by its contract, with nothing before or after it"),
    ReturnCode.WRONG_FIELD: ("a field is not what it must be", "correct the field that is named"),
    ReturnCode.OTHER_CONTENT: ("this id was given to a change with other content", "give each change an id of its own"),
    ReturnCode.WRONG_NUMBER: (
        "the date or the check digits of the national number do not fit",
        "look the number up again",
    ),
    ReturnCode.UNKNOWN_QUALITY: ("there is no such quality", "use sector/code, e.g. 18/1"),
    ReturnCode.NOT_YOUR_QUALITY: ("the quality is another institution's", "use a quality of your own sector"),
    ReturnCode.PERIOD_REVERSED: ("the period ends before it begins", "correct the first or the last day"),
    ReturnCode.NOT_INTEGRATED: (
        "the person is not on file there in that quality from that day",
        "look which dossiers there are; integrate the person first",
    ),
    ReturnCode.VERSION_CONFLICT: (
        "the version does not follow the one that is kept",
        "send the version that is expected, if the change still holds against what is kept",
    ),
    ReturnCode.PERIOD_CONFLICT: (
        "the period overlaps that of another dossier in the same quality",
        "change or end that dossier first",
    ),
}
"""What each code means, and what to do."""


class ChangeFault(NamedTuple):
    """Something wrong with a change: its code, and which value is meant, without repeating a person's."""

    code: ReturnCode
    detail: str = ""

    def __str__(self) -> str:
        means, remedy = MEANS[self.code]
        return f"{self.code}: {means}{f' ({self.detail})' if self.detail else ''}; {remedy}."


def reason(faults: Iterable[ChangeFault]) -> str:
    """All that is wrong in one text; what to do is in it."""
    return " ".join(map(str, faults)) or "Taken in."


def code(faults: Iterable[ChangeFault]) -> ReturnCode:
    """The code of the first fault in the order of the codes; taken in where there is none."""
    order = list(ReturnCode)
    return min((fault.code for fault in faults), key=order.index, default=ReturnCode.TAKEN_IN)

"""Gathers every anomaly of a file, each with its code, its place in the file and what to do about it."""

from collections import Counter
from dataclasses import asdict, dataclass

from lxml.etree import _Element

from schemas.dmfa.code_lists import Severity, severities
from schemas.dmfa.tables import ROOT, blocks

FILE = "90169"
"""The number of the block that is the file."""
MOST = 20_000
"""After so many the file is not read on: nobody corrects them one by one, and memory stays bounded."""
SHOWN = 60
"""Characters of a wrong value that a message shows."""
STRICTER = {"00086-008"}
"""NSSO takes these in and corrects them afterwards; here nothing could be decided on a code that exists nowhere."""
MILDER = {"00015-007", "90015-095"}
"""What is owed is a matter of collection, and days are a matter to verify: neither keeps anybody from a right."""
REPEATED = {block.element for block in blocks().values() if block.repeats}


@dataclass(frozen=True, slots=True)
class Anomaly:
    """`code` is zone or block number and a code of annex 30; `label` the XML name; `path` points into the file."""

    code: str
    zone: str
    label: str
    severity: Severity
    path: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """As in the JSON output."""
        return asdict(self)


def severity_of(code: str) -> Severity:
    """Whether an anomaly refuses the file; what NSSO has no severity for does."""
    if code in STRICTER:
        return "blocking"
    return "non-blocking" if code in MILDER else severities().get(code, "blocking")


class TooMany(Exception):
    """So many anomalies that the rest of the file is not read."""


def shown(value: object) -> str:
    """A value as messages name it, cut short; of what holds values only that it does."""
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "an object"
    text = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(value)[: SHOWN + 1])
    return f"“{text[:SHOWN]}…”" if len(text) > SHOWN else f"“{text}”"


def tag(element: _Element) -> str:
    """The name of an element, cut short, without its namespace."""
    return str(element.tag).rsplit("}", maxsplit=1)[-1][:SHOWN]


class Anomalies:
    """All anomalies of one file, in the order met. `done` counts the elements already read and let go, by name."""

    def __init__(self) -> None:
        self.found: list[Anomaly] = []
        self.blocking = 0
        self.done: Counter[str] = Counter()

    def path(self, element: _Element) -> str:
        """Where an element stands, as `/DmfAOriginal/Form[1]/EmployerDeclaration/NaturalPerson[2]`."""
        parts = []
        at: _Element | None = element
        while at is not None:
            name = tag(at)
            if name in REPEATED:
                before = sum(1 for _ in at.itersiblings(at.tag, preceding=True))
                name = f"{name}[{1 + before + self.done[name]}]"
            parts.append(name)
            at = at.getparent()
        return "/" + "/".join(reversed(parts))

    def tell(
        self,
        place: _Element | str,
        code: str,
        label: str,
        message: str,
        *,
        below: str = "",
        blocking: bool = False,
    ) -> None:
        """Add one. `below` names what should stand in `place`.

        Severity is NSSO's, but what cannot be read at all is always `blocking`.

        Raises TooMany.
        """
        severity: Severity = "blocking" if blocking else severity_of(code)
        path = place if isinstance(place, str) else self.path(place)
        self.found.append(
            Anomaly(code, code.rpartition("-")[0], label, severity, f"{path}/{below}" if below else path, message)
        )
        self.blocking += severity == "blocking"
        if len(self.found) == MOST:
            message = f"The file is not read on after {MOST} anomalies. Correct these first."
            self.found.append(Anomaly(f"{FILE}-172", FILE, ROOT, "blocking", f"/{ROOT}", message))
            self.blocking += 1
            raise TooMany

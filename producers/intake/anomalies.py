"""Collects every anomaly of a file, each with its code, its place and what to do about it."""

from collections import Counter
from dataclasses import asdict, dataclass, replace

from lxml.etree import _Element, tostring

from schemas.dmfa.code_lists import Severity, severities
from schemas.dmfa.forms import ORIGINAL, DmfaForm, repeated
from schemas.dmfa.later_forms import later_parts
from schemas.dmfa.tables import TABLES_OF
from schemas.identifiers import to_dmfa

MOST = 20_000
"""Reading stops after this many: they are not corrected one by one, and memory stays bounded."""
MOST_UNREAD = 1 << 24
"""16 MiB of a file may be unknown to the tables."""
SHOWN = 60
"""Characters of a wrong value that a message shows."""
STRICTER = {"00086-008"}
"""NSSO takes these in and corrects them afterwards; here nothing could be decided on a code that exists nowhere."""
MILDER = {"00015-007", "90015-095"}
"""What is owed is a matter of collection, and days are a matter to verify: neither keeps anybody from a right."""
REPEATED = repeated()


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


UnreadElement = dict[str, str]
"""What was not read: `path`, and `xml` as it is in the file."""


def not_known(value: str, what: str, kind: str) -> str:
    """The message about a zone or code that the tables do not know; `kind` is its list, or the elements."""
    of = to_dmfa(TABLES_OF)
    later = later_parts().get((kind, value))
    return (
        f"{shown(value)} is not known to these tables, which are those of {of[:4]}/{of[4]}: {what}. It is kept with "
        f"the declaration, but not read and not passed on. {f'{later.said} ' if later else ''}Look whether it is right."
    )


def shown(value: object) -> str:
    """A value as messages name it, cut short; unseen signs by number, and of what holds values only that it does."""
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "an object"
    text = str(value)
    signs = (sign if sign.isprintable() else f"[U+{ord(sign):04X}]" for sign in text[:SHOWN])
    return f"“{''.join(signs)}{'…' if len(text) > SHOWN else ''}”"


def tag(element: _Element) -> str:
    """The name of an element, cut short, without its namespace."""
    return str(element.tag).rsplit("}", maxsplit=1)[-1][:SHOWN]


class Anomalies:
    """All anomalies of one file, in the order met. `done` counts the elements already read and let go, by name."""

    def __init__(self, form: DmfaForm = ORIGINAL) -> None:
        self.form = form
        self.entries: list[Anomaly] = []
        self.blocking = 0
        self.done: Counter[str] = Counter()
        self.unread = 0
        self._unread_first: dict[tuple[str, str, str], tuple[int, int]] = {}
        self._kept: list[UnreadElement] = []
        self._kept_size = 0

    def path(self, element: _Element) -> str:
        """The path of an element, e.g. `/DmfAOriginal/Form[1]/EmployerDeclaration/NaturalPerson[2]`."""
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

    def tell_unread(self, place: _Element, code: str, label: str, value: str, message: str) -> None:
        """Report something that the tables do not know, the first time; after that only count it.

        Raises TooMany.
        """
        self.unread += 1
        index, count = self._unread_first.get((code, label, value), (len(self.entries), 0))
        self._unread_first[code, label, value] = index, count + 1
        if not count:
            path = self.path(place)
            self._add(Anomaly(code, code.rpartition("-")[0], label, "non-blocking", path, message))

    def count_unread(self) -> None:
        """Add to everything unknown in how many places it occurs; called once, after reading."""
        for index, count in self._unread_first.values():
            if count > 1:
                first = self.entries[index]
                self.entries[index] = replace(first, message=f"{first.message} This is the first of {count:,} places.")

    def keep(self, element: _Element) -> None:
        """Keep an element that is not read.

        Raises TooMany.
        """
        xml = tostring(element, encoding="unicode", with_tail=False)
        self._kept.append({"path": self.path(element), "xml": xml})
        self._kept_size += len(xml)
        if self._kept_size > MOST_UNREAD:
            message = f"More than {MOST_UNREAD >> 20} MiB are not known to these tables. Send it in several files."
            self._add(self._unread_on(message))
            raise TooMany

    def kept(self) -> list[UnreadElement]:
        """What was kept since this was asked last."""
        kept, self._kept = self._kept, []
        return kept

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
        self._add(
            Anomaly(code, code.rpartition("-")[0], label, severity, f"{path}/{below}" if below else path, message)
        )

    def _unread_on(self, message: str) -> Anomaly:
        """Why the rest of the file is not read."""
        number, root = self.form.number, self.form.root
        return Anomaly(f"{number}-172", number, root, "blocking", f"/{root}", message)

    def _add(self, anomaly: Anomaly) -> None:
        self.entries.append(anomaly)
        self.blocking += anomaly.severity == "blocking"
        if len(self.entries) == MOST:
            message = f"The file is not read on after {MOST} anomalies. Correct these first."
            self.entries.append(self._unread_on(message))
            self.blocking += 1
            raise TooMany

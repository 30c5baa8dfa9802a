"""Parses decisions of institutions from JSON lines: every problem is reported, each decision makes one event."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from producers.intake.anomalies import Anomalies, shown
from producers.intake.dmfa.texts import DAY
from producers.intake.dmfa.value_faults import SPACE
from producers.intake.dmfa.xml_stream import LARGEST_FILE
from producers.intake.format_errors import UnreadableFile
from schemas.contracts import contract
from schemas.fields import symbols
from schemas.identifiers import derive, inss_fault, quarter_of
from schemas.institutions import INSTITUTIONS

LONGEST_LINE = 1 << 16
BOM = b"\xef\xbb\xbf"
CENTS = 100
AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
SOURCE = "entitlement"
"""Stands where DmfA has a zone number: decisions have fields, not zones."""


class DecisionFault(StrEnum):
    """What can be wrong with a decision: the three digits behind `entitlement-`, as annex 30 has them for zones."""

    MISSING = "001"
    WRONG = "003"
    TWICE = "006"
    STRANGE = "092"


MEANS: dict[DecisionFault, tuple[str, str]] = {
    DecisionFault.MISSING: ("a field that every decision has is missing", "add it"),
    DecisionFault.WRONG: (
        "a field is not what it must be, fields contradict each other, or the line is not one object of JSON",
        "correct the field or the line",
    ),
    DecisionFault.TWICE: (
        "the same decision of the same institution is on two lines of the file",
        "send its last state only",
    ),
    DecisionFault.STRANGE: ("there is a field that no decision has", "take it out, or correct its name"),
}
"""What each means, and what its sender does; `docs/anomalies.md` has the same."""


def _inss(number: str) -> str:
    if fault := inss_fault(number):
        raise ValueError(f"is not a national number: {fault}")
    return number


def _plain(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


def _institution(name: str) -> str:
    if name not in INSTITUTIONS:
        raise ValueError(f"is not one of the institutions {', '.join(INSTITUTIONS)}")
    return name


def _kind(name: str) -> str:
    kinds = symbols(contract("declarations.entitlements").schema, "kind")
    if name not in kinds:
        raise ValueError(f"is not one of {', '.join(kinds)}")
    return name


def _day(written: Any) -> Any:
    """A day as text, never what a lenient reader takes for one: seconds since 1970, an hour, a week."""
    if written is None:
        return None
    if not isinstance(written, str) or not DAY.fullmatch(written):
        raise ValueError("is not a date, e.g. 2026-01-31")
    return date.fromisoformat(written)


def _amount(written: Any) -> Any:
    """Text or a number of JSON; a true amount is neither `true` nor ` 5_5 `."""
    if written is None:
        return None
    text = str(written)
    if isinstance(written, bool) or not isinstance(written, str | int | float) or not AMOUNT.fullmatch(text):
        raise ValueError("is not an amount in euro, e.g. 55.10")
    return Decimal(text)


Plain = Annotated[str, AfterValidator(_plain)]


class SubmittedDecision(BaseModel):
    """What an institution decided about one person."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_max_length=500)

    decision: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain)]
    institution: Annotated[str, AfterValidator(_institution)]
    person: Annotated[str, AfterValidator(_inss)]
    kind: Annotated[str, AfterValidator(_kind)]
    nature: Plain = ""
    since: Annotated[date, Field(alias="from"), BeforeValidator(_day)]
    until: Annotated[date | None, BeforeValidator(_day)] = None
    amount: Annotated[
        Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)] | None, BeforeValidator(_amount)
    ] = None
    per: Literal["day", "month", "year", "once"] | None = None
    family_situation: Literal["alone", "cohabitant", "family"] | None = None
    basis: Plain = ""

    @model_validator(mode="after")
    def _whole(self) -> "SubmittedDecision":
        if self.until is not None and self.until < self.since:
            raise ValueError(f"it ends on {self.until}, before it begins on {self.since}")
        if (self.amount is None) != (self.per is None):
            raise ValueError("an amount needs the unit of time it is per, and the other way round")
        return self

    @property
    def id(self) -> str:
        """The declaration it is, the same in every version."""
        return derive("decision", self.institution, self.decision)

    @property
    def quarter(self) -> str:
        """The quarter it begins in."""
        return quarter_of(self.since)

    def content(self) -> dict[str, Any]:
        """The fields of its event after the envelope."""
        return {
            "person": self.person,
            "institution": self.institution,
            "kind": self.kind,
            "nature": self.nature,
            "from": self.since,
            "until": self.until,
            "amount": None if self.amount is None else int(self.amount * CENTS),
            "per": self.per,
            "family_situation": self.family_situation,
            "basis": self.basis,
        }

    def digest(self) -> bytes:
        """Of its content: another digest is another version."""
        return sha256("\x1f".join(map(str, self.content().values())).encode()).digest()


def _problems(error: ValidationError, line: bytes, number: int) -> Iterator[tuple[DecisionFault, str, str]]:
    """Annex-30 code, field and message of everything pydantic found."""
    for problem in error.errors(include_url=False):
        if problem["type"] == "json_invalid":
            yield DecisionFault.WRONG, "", _not_json(line, number)
            continue
        name = str(problem["loc"][0]) if problem["loc"] else ""
        code = {"missing": DecisionFault.MISSING, "extra_forbidden": DecisionFault.STRANGE}.get(
            problem["type"], DecisionFault.WRONG
        )
        text = problem["msg"].removeprefix("Value error, ")
        given = "" if code == DecisionFault.MISSING or not name else f"{shown(problem['input'])} "
        yield code, name, f"{given}{text}. Correct the field."


def _not_json(line: bytes, number: int) -> str:
    """Why a line is not one object of JSON."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return f"Line {number}: the bytes are not UTF-8. Save the file as UTF-8."
    if b"\0" in line:
        return f"Line {number} holds NUL, a sign that cannot be seen. Delete it."
    return f"Line {number} is not one object of JSON. Write each decision as one object on a line of its own."


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    if path.stat().st_size > LARGEST_FILE:
        raise UnreadableFile("172", f"The file is larger than {LARGEST_FILE >> 20} MiB. Send it in several files.")
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise UnreadableFile(
                    "093", f"Line {number} is longer than {LONGEST_LINE} characters. Send real decisions."
                )
            line = line.removeprefix(BOM) if number == 1 else line
            if line.strip(SPACE.encode()):
                yield number, line


def read(path: Path, anomalies: Anomalies) -> Iterator[tuple[str, SubmittedDecision]]:
    """The decisions of a file that are sound, each with its place; what is not goes to `anomalies`.

    Raises UnreadableFile, TooMany; OSError when the file cannot be opened.
    """
    seen: set[str] = set()
    for number, line in _lines(path):
        place = f"/line[{number}]"
        try:
            decision = SubmittedDecision.model_validate_json(line)
        except ValidationError as error:
            for code, name, message in _problems(error, line, number):
                anomalies.tell(place, f"{SOURCE}-{code}", name, message, below=name)
            continue
        if decision.id in seen:
            message = f"{shown(decision.decision)} stands twice in this file. Send its last state only."
            anomalies.tell(place, f"{SOURCE}-{DecisionFault.TWICE}", "decision", message, below="decision")
            continue
        seen.add(decision.id)
        yield place, decision


def groups(
    decisions: Iterator[tuple[str, SubmittedDecision]], size: int = 1000
) -> Iterator[tuple[tuple[str, SubmittedDecision], ...]]:
    """Decisions by the thousand, to ask the register about them at once."""
    while group := tuple(islice(decisions, size)):
        yield group

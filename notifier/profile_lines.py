"""Validates a line of `persons.jsonl` or `employers.jsonl`, key by key, with messages that never quote it."""

import re
from typing import Annotated, Any

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic_core import ErrorDetails, PydanticCustomError

from notifier.character_repair import mend
from notifier.countries import countries
from schemas.identifiers import is_enterprise, is_inss, is_nsso
from schemas.languages import Language

ProfileRow = tuple[Any, ...]
NAME, LINE, SHORT = 400, 200, 40
"""Signs of a name of a firm, of a line of an address, of a house number: far more than any register has."""
PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]{1,20}(?:\.[a-z0-9_+-]{1,20}){0,2}@(?:[a-z0-9]{1,30}(?:-[a-z0-9]{1,30})?\.){1,4}[a-z]{2,10}", re.ASCII
)
"""What nearly all addresses look like; the others are looked at one by one, which takes ten times as long."""
SIGNS = r"^[^\x00-\x1f\x7f\x{81}\x{8d}\x{8f}\x{90}\x{9d}\x{2028}\x{2029}]*$"
"""No controls and no ends of lines; what Windows-1252 has in their place is mended."""


def is_email(address: str) -> bool:
    """Whether an e-mail address is written as one, in any script; whether it exists only its server knows."""
    if PLAIN_EMAIL.fullmatch(address):
        return True
    try:
        validate_email(address, check_deliverability=False, globally_deliverable=False, strict=True)
    except EmailNotValidError:
        return False
    return True


def _wrong(what: str) -> PydanticCustomError:
    return PydanticCustomError("kruispunt", "{what}", {"what": what})


def _person(number: str) -> str:
    if not is_inss(number):
        raise _wrong("must be a national number of eleven digits whose check digits fit; look it up again")
    return number


def _employer(number: str) -> str:
    if not (len(number) == 10 and is_enterprise(number)) and not is_nsso(number):
        raise _wrong("must be an enterprise number of ten digits, or an NSSO number; look it up again")
    return number


def _country(code: str) -> str:
    if code not in countries("en"):
        raise _wrong("must be the code of a country in two capitals, as BE")
    return code


def _email(address: str) -> str:
    if not is_email(address):
        raise _wrong("must be one e-mail address, as name@mail.example, or null")
    return address


def _visible(name: str) -> str:
    if not name.strip():
        raise _wrong("is empty; a person or firm has at least one name")
    return name


NameText = Annotated[str, StringConstraints(max_length=NAME, pattern=SIGNS), AfterValidator(mend)]
AddressLine = Annotated[str, StringConstraints(max_length=LINE, pattern=SIGNS), AfterValidator(mend)]
ShortText = Annotated[str, StringConstraints(max_length=SHORT, pattern=SIGNS), AfterValidator(mend)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class PersonName(_Line):
    """The name of a person; some people have only one."""

    first: NameText | None = None
    last: Annotated[NameText, AfterValidator(_visible)]


class AddressLines(_Line):
    """The address of a person; empty where it is not known."""

    street: AddressLine
    number: ShortText | None = None
    box: ShortText | None = None
    postcode: ShortText
    town: AddressLine
    country: Annotated[str, AfterValidator(_country)]


class _Reached(_Line):
    address: AddressLines
    language: Language
    email: Annotated[str, AfterValidator(_email)] | None = None

    def _row(self, recipient: str, kind: str, first: str, name: str) -> ProfileRow:
        at = self.address
        return (
            recipient, kind, first, name, at.street, at.number or "", at.box or "", at.postcode, at.town, at.country,
            self.language, self.email, self.email is not None,
        )  # fmt: skip


class CitizenProfile(_Reached):
    """A line of `persons.jsonl`."""

    person: Annotated[str, AfterValidator(_person)]
    name: PersonName

    def row(self) -> ProfileRow:
        """The row of the database."""
        return self._row(self.person, "citizen", self.name.first or "", self.name.last)


class EmployerProfile(_Reached):
    """A line of `employers.jsonl`."""

    employer: Annotated[str, AfterValidator(_employer)]
    name: Annotated[NameText, AfterValidator(_visible)]

    def row(self) -> ProfileRow:
        """The row of the database."""
        return self._row(self.employer, "employer", "", self.name)


MEANS = {
    "missing": "is missing; give it",
    "string_type": "must be a text",
    "string_too_long": "is longer than {max_length} signs; shorten it",
    "string_pattern_mismatch": "has a control character, such as NUL or the end of a line; remove it",
    "literal_error": "must be one of {expected}",
    "model_type": "must be an object",
    "extra_forbidden": "has a key that is not known; leave it out",
}


def explain(wrong: ErrorDetails) -> str:
    """One fault: the key, what is wrong with it and what to do."""
    # A key that is not known is a text of the file like any other.
    known = wrong["loc"][:-1] if wrong["type"] == "extra_forbidden" else wrong["loc"]
    key = ".".join(map(str, known)) or "the line"
    what = MEANS.get(wrong["type"], wrong["msg"]).format(**wrong.get("ctx", {}))
    return f"{key} {'is null, but ' if wrong['input'] is None and wrong['type'] != 'missing' else ''}{what}."

"""A sound declaration in XML and what tests make of it, and decisions as an institution sends them."""

from pathlib import Path
from typing import Any

SOUND = (Path(__file__).parents[1] / "data" / "declaration.xml").read_text("utf-8")
"""A DmfA of 2022Q3 with one of everything, of six persons."""
LATER = SOUND.replace("2022", "2026")
"""The same of a quarter that came after the tables."""
ITS_EMPLOYER, ITS_FIRST_PERSON = "1000000021", "85073003328"
DECLARATION = "/DmfAOriginal/Form[1]/EmployerDeclaration"
FIRST_FORM, END = SOUND.index("  <Form>"), "</DmfAOriginal>"
FORM = SOUND[FIRST_FORM : SOUND.index(END)]


def once(old: str, new: str, text: str = SOUND) -> str:
    """The text with the first `old` replaced, which must be there."""
    assert old in text
    return text.replace(old, new, 1)


def with_form(form: str, text: str = SOUND) -> str:
    """The text with one form more."""
    return once(END, form + END, text)


def of_employer(number: str, text: str = SOUND) -> str:
    """The declaration, or the form, of another employer."""
    assert ITS_EMPLOYER in text
    return text.replace(ITS_EMPLOYER, number)


def decision_line(name: str, **changes: Any) -> dict[str, Any]:
    """A decision of that name, sound as it is."""
    return {
        "decision": name, "institution": "rva", "person": ITS_FIRST_PERSON, "kind": "unemployment_benefit",
        "nature": "01", "from": "2026-01-15", "until": None, "amount": "55.10", "per": "day",
        "family_situation": "alone", "basis": "Royal decree of 25 November 1991", **changes,
    }  # fmt: skip

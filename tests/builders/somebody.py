"""Somebody whose data no command may repeat, and what else it may not say."""

import re
from typing import Any

PERSON, NAME, STREET = "85073003328", "Vandamme-Zilverspar", "Zilverspartstraat"
PROFILE: dict[str, Any] = {
    "person": PERSON,
    "name": {"first": "Anna", "last": NAME},
    "address": {"street": STREET, "number": "1", "box": "", "postcode": "9000", "town": "Gent", "country": "BE"},
    "language": "nl",
    "email": None,
}
SOMEBODY = re.compile(rf"{PERSON}|{NAME}|{STREET}")
TOO_MUCH = re.compile(r"Failing row|DETAIL|Traceback|[a-z](Error|Exception|Violation)\b[(:]|<class |object at 0x")

"""Somebody whose data no command may repeat, and what else it may not say."""

import re

from tests.builders.persons import ADDRESS, profile_line

PERSON, NAME, STREET = "85073003328", "Vandamme-Zilverspar", "Zilverspartstraat"
PROFILE = profile_line(PERSON, name={"first": "Anna", "last": NAME}, address={**ADDRESS, "street": STREET})
SOMEBODY = re.compile(rf"{PERSON}|{NAME}|{STREET}")
TOO_MUCH = re.compile(r"Failing row|DETAIL|Traceback|[a-z](Error|Exception|Violation)\b[(:]|<class |object at 0x")

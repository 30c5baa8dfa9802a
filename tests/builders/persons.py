"""People who do not exist: their national numbers, and the lines of a file of profiles about them."""

from datetime import date, timedelta
from typing import Any

from schemas.identifiers import inss

FIRST_BORN, BORN_A_DAY = date(1940, 1, 1), 400
ADDRESS = {"street": "Kerkstraat", "number": "1", "box": "", "postcode": "9000", "town": "Gent", "country": "BE"}


def national_number(number: int, born: date = FIRST_BORN) -> str:
    """One of many national numbers: 400 are born a day, the first of them on this day.

    Modules that share a database take people who were born at other times.
    """
    born += timedelta(days=number // BORN_A_DAY)
    return inss(int(f"{born:%y%m%d}{1 + number % BORN_A_DAY:03d}"), after_2000=born.year >= 2000)


def profile_line(person: str, **changes: Any) -> dict[str, Any]:
    """What a file of profiles says of a person, who reads Dutch and has no e-mail."""
    name = {"first": "Anna", "last": "Peeters"}
    return {"person": person, "name": name, "address": ADDRESS, "language": "nl", "email": None} | changes

"""Declares the public-service career of statutory staff, which no other work has (block 90411)."""

from datetime import date
from random import Random
from typing import Any

from population.tables import pick
from population.working_time import Regime
from schemas.languages import Language

STATUTORY_CODE = "675"
STATUTORY = 0.6
"""Share of the non-manual staff of public employers that is appointed for good."""

LANGUAGES = {"fr": 1, "nl": 2, "de": 3}
GRADES = {
    "nl": ("Administratief medewerker", "Deskundige", "Attaché", "Adviseur"),
    "fr": ("Collaborateur administratif", "Expert", "Attaché", "Conseiller"),
    "de": ("Verwaltungsmitarbeiter", "Sachverständiger", "Attaché", "Berater"),
}
FIRST_DECLARED = date(2011, 1, 1)
"""Careers are declared from this day on: what began before is declared as beginning then."""

INSTITUTION_TYPE, STAFF_CATEGORY, PERMANENT, MAIN_FUNCTION = 5, 1, 0, 1
FIRST_SCALE = 101_000_000_000
MONTHS = 12


def career(start: date, language: Language, month: int, regime: Regime, random: Random) -> list[dict[str, Any]]:
    """The part of a career that covers an occupation begun on `start` with this full-time gross month in cents."""
    since = max(start, FIRST_DECLARED)
    grade = pick(GRADES[language], random)
    salary: dict[str, Any] = {
        "start": since,
        "end": None,
        "seniority_start": f"{start:%Y-%m}",
        "scale": FIRST_SCALE + GRADES[language].index(grade) * 1000 + int(random.random() * 27),
        "amount": month * MONTHS,
        "hours": regime.hours,
        "full_hours": regime.full_hours,
        "reduced": None,
        "supplements": [],
    }
    return [
        {
            "start": since,
            "end": None,
            "institution_type": INSTITUTION_TYPE,
            "personnel_category": STAFF_CATEGORY,
            "grade": grade,
            "official_language": LANGUAGES[language],
            "assignment": PERMANENT,
            "function_nature": MAIN_FUNCTION,
            "end_reason": None,
            "scale_salaries": [salary],
        }
    ]

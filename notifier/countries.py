"""Names the countries of the world."""

import re
from functools import cache

from babel import Locale

from schemas.languages import Language

NO_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"}
"""Codes of the same form that stand for unions, tests and parts of countries."""


@cache
def countries(language: Language) -> dict[str, str]:
    """The countries of the world by code (ISO 3166-1, and XK), named in a language."""
    named: dict[str, str] = dict(Locale(language).territories)
    return {code: named[code] for code in named if re.fullmatch("[A-Z]{2}", code) and code not in NO_COUNTRIES}


def country_name(country: str, language: Language) -> str:
    """The name of a country in capitals; what is not a code is a name already."""
    return countries(language).get(country.upper(), country).upper()

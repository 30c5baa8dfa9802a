"""Names each institution once: its key in topics and commands, its KSZ sector, its names in four languages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution that can be a recipient. `sector` is its number in KSZ's reference directory."""

    name: str
    sector: int
    names: dict[str, str]


def _institution(name: str, sector: int, nl: str, fr: str, de: str, en: str) -> tuple[str, Institution]:
    return name, Institution(name, sector, {"nl": nl, "fr": fr, "de": de, "en": en})


INSTITUTIONS: dict[str, Institution] = dict(
    (
        _institution(
            "rva", 18, "Rijksdienst voor Arbeidsvoorziening", "Office national de l'emploi",
            "Landesamt für Arbeitsbeschaffung", "National Employment Office",
        ),
        _institution(
            "rjv", 10, "Rijksdienst voor Jaarlijkse Vakantie", "Office national des vacances annuelles",
            "Landesamt für den Jahresurlaub", "National Office for Annual Holidays",
        ),
        _institution(
            "nic", 11, "Nationaal Intermutualistisch College", "Collège intermutualiste national",
            "Nationales Kollegium der Krankenkassen", "National Intermutualist College",
        ),
        _institution(
            "fpd", 5, "Federale Pensioendienst", "Service fédéral des Pensions",
            "Föderaler Pensionsdienst", "Federal Pension Service",
        ),
        _institution(
            "famifed", 7, "Federaal agentschap voor de kinderbijslag",
            "Agence fédérale pour les allocations familiales",
            "Föderalagentur für Familienbeihilfen", "Federal Agency for Child Benefits",
        ),
        _institution(
            "fedris", 1, "Federaal agentschap voor beroepsrisico's", "Agence fédérale des risques professionnels",
            "Föderalagentur für Berufsrisiken", "Federal Agency for Occupational Risks",
        ),
    )
)  # fmt: skip

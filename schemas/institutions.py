"""Names each institution once: its key in topics and commands, its KSZ sector, its names in four languages."""

from dataclasses import dataclass

from schemas.languages import Language


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution that can be a recipient. `sector` is its number in KSZ's reference directory.

    A `hosted` one has its sink and its database beside the backbone; the others bring their own client.
    """

    name: str
    sector: int
    names: dict[Language, str]
    hosted: bool


def _institution(
    name: str, sector: int, nl: str, fr: str, de: str, en: str, *, hosted: bool = True
) -> tuple[str, Institution]:
    return name, Institution(name, sector, {"nl": nl, "fr": fr, "de": de, "en": en}, hosted)


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
        _institution(
            "rsz", 12, "Rijksdienst voor Sociale Zekerheid", "Office national de sécurité sociale",
            "Landesamt für soziale Sicherheit", "National Social Security Office", hosted=False,
        ),
        _institution(
            "ocmw", 17, "Openbare centra voor maatschappelijk welzijn", "Centres publics d'action sociale",
            "Öffentliche Sozialhilfezentren", "Public centres for social welfare", hosted=False,
        ),
        _institution(
            "bouw", 38, "Fonds voor bestaanszekerheid van de bouw", "Fonds de sécurité d'existence de la construction",
            "Fonds für Existenzsicherheit im Bauwesen", "Subsistence fund of the construction industry", hosted=False,
        ),
        _institution(
            "fin", 50, "Federale overheidsdienst Financiën", "Service public fédéral Finances",
            "Föderaler Öffentlicher Dienst Finanzen", "Federal Public Service Finance", hosted=False,
        ),
        _institution(
            "energie", 70, "Federale overheidsdienst Economie, sociaal energietarief",
            "Service public fédéral Économie, tarif social de l'énergie",
            "Föderaler Öffentlicher Dienst Wirtschaft, Sozialtarif für Energie",
            "Federal Public Service Economy, social energy tariff", hosted=False,
        ),
    )
)  # fmt: skip
HOSTED: tuple[str, ...] = tuple(name for name, institution in INSTITUTIONS.items() if institution.hosted)

"""Generates each employer from its index: most have a handful of workers, a few have thousands."""

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from population.persons import address
from population.tables import Sector, Town, Weighted, last_names, pick, sectors, towns
from schemas.languages import Language

SIZES = Weighted(
    ((1, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 199), (200, 499), (500, 999), (1000, 4999)),
    (6380, 1510, 930, 680, 245, 130, 88, 25, 12),
)
REGIONS = Weighted(("flanders", "wallonia", "brussels", "german"), (580, 285, 115, 20))
LARGEST_SHARE = 5
"""No employer has more than a fifth of all persons, so that a small population still has several employers."""

ENTERPRISE_HEADS = 19_000_000
"""Enterprise numbers begin at 1900.00: far above what has been given out."""

NSSO_HIGHEST = 1_998_999
"""Counted down from here: the highest numbers of the domain are the ones official samples use."""
ESTABLISHMENT_HEADS = 70_000_000
ESTABLISHMENTS = 4
MOST_EMPLOYERS = NSSO_HIGHEST - 1
FORMS = {
    "nl": ("{word} {name}", "{name} {word} bv", "{word} {town} nv", "{name} & Zonen bv"),
    "fr": ("{word} {name}", "{name} {word} SRL", "{word} {town} SA", "{name} et Fils SRL"),
    "de": ("{word} {name}", "{name} {word} GmbH", "{word} {town} AG", "{name} & Söhne GmbH"),
}
PUBLIC_FORM = "{word} {town}"
ACCENTS = str.maketrans("éèêëôöüäïçÉ", "eeeeoouaicE")


def _checked(head: int) -> str:
    return f"{head:08d}{97 - head % 97:02d}"


@dataclass(frozen=True, slots=True)
class Employer:
    """One employer and where it works."""

    index: int
    number: str
    nsso: str
    size: int
    town: Town
    sector: Sector
    employer_class: str
    language: Language
    establishments: tuple[str, ...]
    profile: dict[str, Any]

    @property
    def commercial(self) -> bool:
        """Whether it works for profit, which decides which closure fund it pays."""
        return (
            self.sector.name not in ("welfare", "family_care", "sheltered", "public") and self.employer_class != "311"
        )


def _size(random: Random, persons: int) -> int:
    low, high = SIZES.draw(random)
    largest = max(4, persons // LARGEST_SHARE)
    roll = random.random()
    return min(low + int(roll * roll * (high - low + 1)), largest)


def employer(index: int, random: Random, persons: int) -> Employer:
    """The employer with this index; `persons` is the size of the whole population."""
    region = REGIONS.draw(random)
    town, sector = towns(region).draw(random), sectors(region).draw(random)
    language: Language = "nl" if region == "brussels" and random.random() < 0.35 else town.language
    number = _checked(ENTERPRISE_HEADS + index)
    nsso_head = NSSO_HIGHEST - index
    nsso = f"{nsso_head:07d}{97 - (nsso_head * 100 + 1) % 97:02d}" if random.random() < 0.9 else "0"
    size = _size(random, persons)
    sites = 1 if size < 20 else 2 if size < 200 else ESTABLISHMENTS
    head = ESTABLISHMENT_HEADS + index * ESTABLISHMENTS
    shape = PUBLIC_FORM if sector.name == "public" else pick(FORMS[language], random)
    owner = pick(last_names("world" if random.random() < 0.12 else language), random)
    name = shape.format(word=sector.words[language], name=owner, town=town.name(language))
    host = "".join(letter for letter in name.translate(ACCENTS).lower() if letter.isascii() and letter.isalpha())
    profile = {
        "employer": number,
        "name": name,
        "address": address(town, language, random),
        "language": language,
        "email": f"personeel@{host}{index}.example" if random.random() < 0.7 else None,
    }
    return Employer(
        index=index,
        number=number,
        nsso=nsso,
        size=size,
        town=town,
        sector=sector,
        employer_class=pick(sector.classes, random),
        language=language,
        establishments=tuple(_checked(head + site) for site in range(sites)),
        profile=profile,
    )


def created_on(first_day_after: date, random: Random) -> date:
    """The day in the month after the quarter on which the employer makes its declaration."""
    return first_day_after.replace(day=3 + int(random.random() * 26))

"""Generates each person from seed and index alone: number, birth and sex; nothing is stored."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import gcd
from random import Random
from typing import Any

from population.tables import FOREIGN_TOWNS, Town, first_names, last_names, pick, streets, towns
from schemas.identifiers import inss, quarter_days
from schemas.languages import Language

YOUNGEST, OLDEST = 16, 66
HIGHEST_SEQUENCE = 997
"""Sequence numbers are given from the top down (odd for men, even for women): real births of a day start at 001."""

SEQUENCES_PER_DAY = 498
E_MAIL_SHARE = 0.6
ABROAD = 0.01
NEAR_WORK = 0.85
MAIL_HOSTS = ("mail.example", "post.example", "inbox.example", "brief.example")
ASCII = str.maketrans(
    "àâäáãåçéèêëíìîïñóòôöõúùûüýşığÀÂÄÁÃÅÇÉÈÊËÍÌÎÏÑÓÒÔÖÕÚÙÛÜÝŞİĞ",
    "aaaaaaceeeeiiiinooooouuuuysigAAAAAACEEEEIIIINOOOOOUUUUYSIG",
)

SyntheticProfile = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SyntheticPerson:
    """A synthetic person."""

    index: int
    number: str
    born: date
    sex: str


def years_before(day: date, years: int) -> date:
    """The same day so many years earlier; 29 February becomes 28."""
    return day.replace(year=day.year - years, day=min(day.day, 28) if day.month == 2 else day.day)


def years_after(day: date, years: int) -> date:
    """The same day so many years later; 29 February becomes 28."""
    return years_before(day, -years)


class Population:
    """The working population of a quarter under one seed."""

    def __init__(self, seed: int, quarter: str) -> None:
        first, _ = quarter_days(quarter)
        self.seed = seed
        self.oldest = years_before(first, OLDEST)
        self.days = (years_before(first, YOUNGEST) - self.oldest).days
        random = Random(f"population {seed}")  # noqa: S311 - synthetic people need repetition, not secrecy
        self.offset = random.randrange(self.days)
        self.step = random.randrange(self.days // 3, self.days)
        while gcd(self.step, self.days) > 1:
            self.step += 1

    @property
    def size(self) -> int:
        """How many different persons there are at most."""
        return self.days * (SEQUENCES_PER_DAY // 2)

    def person(self, index: int) -> SyntheticPerson:
        """The person with this index: days are walked in steps that visit each once before any comes twice."""
        turn, place = divmod(index, self.days)
        born = self.oldest + timedelta(days=(self.offset + self.step * place) % self.days)
        man = (index * 2654435761 >> 7) & 1
        sequence = HIGHEST_SEQUENCE + 1 - man - 2 * turn
        head = int(f"{born:%y%m%d}") * 1000 + sequence
        return SyntheticPerson(index, inss(head, after_2000=born.year >= 2000), born, "m" if man else "f")


def _culture(language: Language, random: Random) -> str:
    roll = random.random()
    if roll < 0.14:
        return "world"
    if roll < 0.19:
        return pick(("nl", "fr", "de"), random)
    return "fr" if language == "en" else language


def _language(town: Town, random: Random) -> Language:
    roll = random.random()
    if town.region == "brussels":
        return "nl" if roll < 0.14 else "en" if roll < 0.20 else "fr"
    return "en" if roll < 0.012 else town.language


def address(town: Town, language: Language, random: Random) -> dict[str, str]:
    """An address in a town, its street named in the language of the person or the place."""
    spoken = language if town.region == "brussels" and language == "nl" else town.language
    number = str(1 + int(random.random() ** 2 * 240))
    letter = random.random()
    return {
        "street": pick(streets(spoken), random),
        "number": number + ("A" if letter < 0.03 else ""),
        "box": str(1 + int(random.random() * 40)) if letter > 0.82 else "",
        "postcode": town.postcode,
        "town": town.name(language),
        "country": "BE",
    }


def _abroad(random: Random) -> tuple[dict[str, str], Language]:
    country, language, postcode, town = pick(FOREIGN_TOWNS, random)
    street, number = pick(streets(language), random), str(1 + int(random.random() * 90))
    found = {"street": street, "number": number, "box": "", "postcode": postcode, "town": town, "country": country}
    return found, language


def profile(person: SyntheticPerson, work: Town, random: Random) -> SyntheticProfile:
    """Name, address, language and e-mail of somebody who works in a town, as in persons.jsonl."""
    if random.random() < ABROAD and work.region != "brussels":
        home, language = _abroad(random)
    else:
        roll = random.random()
        town = towns("" if roll > 0.97 else work.region).draw(random) if roll > NEAR_WORK - 0.5 else work
        language = _language(town, random)
        home = address(town, language, random)
    culture = _culture(language, random)
    first = pick(first_names(culture, person.sex), random)
    last = pick(last_names(culture), random)
    reachable, host = random.random() < E_MAIL_SHARE, pick(MAIL_HOSTS, random)
    local = f"{first}.{last}".translate(ASCII).replace(" ", "").lower()
    return {
        "person": person.number,
        "name": {"first": first, "last": last},
        "address": home,
        "language": language,
        "email": f"{local}.{person.index}@{host}" if reachable else None,
    }

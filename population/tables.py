"""Loads the lists a population is drawn from: towns, streets, names and sectors."""

import csv
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

from schemas.languages import Language, as_language

T = TypeVar("T")

FOREIGN_TOWNS: tuple[tuple[str, Language, str, str], ...] = (
    ("FR", "fr", "59000", "Lille"),
    ("FR", "fr", "59100", "Roubaix"),
    ("NL", "nl", "6211 AB", "Maastricht"),
    ("NL", "nl", "4811 XC", "Breda"),
    ("DE", "de", "52062", "Aachen"),
    ("LU", "fr", "1611", "Luxembourg"),
)
"""Where frontier workers live: country, language of the street names, postcode, town."""


class Weighted(Generic[T]):
    """A list of which some come up more often than others."""

    def __init__(self, items: Sequence[T], weights: Sequence[int]) -> None:
        self.items = list(items)
        self.sums = list(accumulate(weights))

    def draw(self, random: Random) -> T:
        """One of them."""
        return self.items[bisect_right(self.sums, random.random() * self.sums[-1])]


@dataclass(frozen=True, slots=True)
class Town:
    """A municipality; `other` is its name in the second language of Brussels."""

    postcode: str
    town: str
    other: str
    region: str
    language: Language

    def name(self, language: Language) -> str:
        """Its name for somebody who reads that language."""
        return self.other if self.other and language == "nl" else self.town


@dataclass(frozen=True, slots=True)
class Job:
    """How manual or non-manual work is paid in a sector: joint committee and monthly wage of a beginner in cents."""

    committee: str
    wage: int


@dataclass(frozen=True, slots=True)
class Sector:
    """A branch: its employer classes, committees, and shares in thousandths of its jobs."""

    name: str
    classes: tuple[str, ...]
    manual: Job
    employee: Job
    hours: int
    manual_share: float
    part_time: float
    flexi: float
    students: float
    idle: float
    words: dict[str, str]


def rows(name: str) -> list[dict[str, str]]:
    """The lines of one data file."""
    text = (files("population") / "data" / f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def pick(items: Sequence[T], random: Random) -> T:
    """One of them, each as likely."""
    return items[int(random.random() * len(items))]


@cache
def towns(region: str = "") -> Weighted[Town]:
    """The towns of a region, or of the whole country, by size."""
    found = [row for row in rows("towns") if region in ("", row["region"])]
    made = [
        Town(row["postcode"], row["town"], row["other"], row["region"], as_language(row["language"])) for row in found
    ]
    return Weighted(made, [int(row["weight"]) for row in found])


@cache
def streets(language: Language) -> list[str]:
    """Street names in a language."""
    return [row["street"] for row in rows("streets") if row["language"] == language]


@cache
def first_names(culture: str, sex: str) -> list[str]:
    """First names: `sex` m or f."""
    return [row["name"] for row in rows("first_names") if (row["culture"], row["sex"]) == (culture, sex)]


@cache
def last_names(culture: str) -> list[str]:
    """Family names."""
    return [row["name"] for row in rows("last_names") if row["culture"] == culture]


def _sector(row: dict[str, str]) -> Sector:
    share = {name: int(row[name]) / 1000 for name in ("manual_share", "part_time", "flexi", "students", "idle")}
    return Sector(
        name=row["sector"],
        classes=tuple(row["classes"].split("|")),
        manual=Job(row["manual_committee"], int(row["manual_wage"]) * 100),
        employee=Job(row["employee_committee"], int(row["employee_wage"]) * 100),
        hours=int(row["hours"]),
        words={language: row[language] for language in ("nl", "fr", "de")},
        **share,
    )


@cache
def sectors(region: str) -> Weighted[Sector]:
    """The sectors an employer of a region can belong to, by their share of the employers."""
    found = [row for row in rows("sectors") if not row["regions"] or region in row["regions"].split("|")]
    return Weighted([_sector(row) for row in found], [int(row["share"]) for row in found])

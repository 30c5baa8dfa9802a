"""A generated population is plausible, its numbers are valid, and it can be made again byte for byte."""

import hashlib
import json
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random

import pytest

from population.employers import employer
from population.generate import WrongRequest, generate
from population.persons import OLDEST, YOUNGEST, Population
from schemas.identifiers import birth_date, is_enterprise, is_establishment, is_inss, is_nsso
from schemas.institutions import HOSTED, INSTITUTIONS

QUARTER = "2026Q3"
PERSONS = 600


def lines(folder: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines()]


def drawn(index: int) -> Random:
    return Random(index)  # noqa: S311 - a repeatable draw


def fingerprint(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("population")
    generate(PERSONS, QUARTER, made)
    return made


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_bytes(folder: Path, tmp_path: Path) -> None:
    generate(PERSONS, QUARTER, tmp_path / "same")
    generate(PERSONS, QUARTER, tmp_path / "other", seed=7)
    assert fingerprint(tmp_path / "same") == fingerprint(folder)
    assert fingerprint(tmp_path / "other")["persons.jsonl"] != fingerprint(folder)["persons.jsonl"]


def test_a_smaller_population_leaves_nothing_of_a_larger_one_in_the_folder(tmp_path: Path) -> None:
    generate(2500, QUARTER, tmp_path)
    assert (tmp_path / "dmfa-2026Q3-0002.xml").exists()
    generate(20, QUARTER, tmp_path)
    assert [path.name for path in tmp_path.glob("*.xml")] == ["dmfa-2026Q3-0001.xml"]


def test_every_person_has_a_number_of_their_own_that_tells_birth_and_sex() -> None:
    population = Population(1, QUARTER)
    people = [population.person(index) for index in range(60_000)]
    assert len({person.number for person in people}) == len(people)
    for person in people[::97]:
        assert is_inss(person.number)
        assert birth_date(person.number) == person.born
        assert int(person.number[6:9]) % 2 == (person.sex == "m")
        assert date(2026 - OLDEST, 7, 1) <= person.born < date(2026 - YOUNGEST, 7, 1)
    assert {person.number[:1] for person in people} >= {"0", "6", "7", "8", "9"}


def test_even_the_last_person_of_the_largest_population_is_somebody_else() -> None:
    population = Population(3, QUARTER)
    assert population.size > 4_500_000
    last = [population.person(population.size - 1 - back) for back in range(40_000)]
    first = [population.person(index) for index in range(40_000)]
    assert len({person.number for person in (*first, *last)}) == 80_000
    assert all(is_inss(person.number) and person.number[6:9] > "500" for person in last)


def test_employers_have_valid_numbers_of_their_own() -> None:
    made = [employer(index, drawn(index), 1_000_000) for index in range(3000)]
    assert len({one.number for one in made}) == len(made)
    assert len({site for one in made for site in one.establishments}) == sum(len(one.establishments) for one in made)
    assert all(is_enterprise(one.number) and (one.nsso == "0" or is_nsso(one.nsso)) for one in made)
    assert all(is_establishment(site) for one in made for site in one.establishments)


def test_most_employers_are_small_and_a_few_are_large() -> None:
    sizes = [employer(index, drawn(index), 1_000_000).size for index in range(5000)]
    assert 0.55 < sum(size < 5 for size in sizes) / len(sizes) < 0.75
    assert any(size > 500 for size in sizes)
    assert max(sizes) < 5000


def test_more_employers_are_in_flanders_than_in_wallonia_and_some_in_brussels_and_in_the_east() -> None:
    regions = Counter(employer(index, drawn(index), 1_000_000).town.region for index in range(3000))
    assert regions["flanders"] > regions["wallonia"] > regions["brussels"] > regions["german"] > 0


def test_a_small_population_still_has_several_employers(folder: Path) -> None:
    assert len(lines(folder, "employers")) >= 5


def test_everybody_has_a_profile_and_the_languages_are_those_of_the_country(folder: Path) -> None:
    people = lines(folder, "persons")
    assert len({person["person"] for person in people}) == len(people) == PERSONS
    assert set(people[0]) == {"person", "name", "address", "language", "email"}
    languages = Counter(person["language"] for person in people)
    assert set(languages) <= {"nl", "fr", "de", "en"}
    assert languages["nl"]
    assert languages["fr"]
    reached = [person["email"] for person in people if person["email"]]
    assert 0.5 < len(reached) / PERSONS < 0.7
    assert len(set(reached)) == len(reached)
    assert all(str(address).endswith(".example") and str(address).isascii() for address in reached)


def test_everybody_is_on_file_somewhere_and_missing_elsewhere(folder: Path) -> None:
    known: dict[str, set[str]] = {}
    for dossier in lines(folder, "directory"):
        known.setdefault(str(dossier["person"]), set()).add(str(dossier["institution"]))
        assert dossier["until"] is None or str(dossier["from"]) <= str(dossier["until"])
    assert len(known) == PERSONS
    assert set.union(*known.values()) == set(INSTITUTIONS)
    assert all(1 <= len(institutions & set(HOSTED)) < len(HOSTED) for institutions in known.values())


def test_an_institution_has_a_dossier_of_everybody_it_decides_about(folder: Path) -> None:
    known = {(dossier["person"], dossier["institution"]) for dossier in lines(folder, "directory")}
    decisions = lines(folder, "entitlements")
    assert decisions
    assert {(one["person"], one["institution"]) for one in decisions} <= known
    assert len({one["decision"] for one in decisions}) == len(decisions)
    assert not any(str(one["person"]) in str(one["decision"]) for one in decisions)


@pytest.mark.parametrize(("persons", "quarter"), [(0, QUARTER), (10, "2026-3"), (10, "2016Q4"), (10**8, QUARTER)])
def test_an_impossible_population_is_refused_before_anything_is_written(
    persons: int, quarter: str, tmp_path: Path
) -> None:
    with pytest.raises(WrongRequest):
        generate(persons, quarter, tmp_path / "out")
    assert not (tmp_path / "out").exists()

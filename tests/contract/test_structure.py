"""The house stands as drawn: arrows between folders and rooms point one way, topics have ends, names are unique."""

import ast
import importlib.util
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from backbone.postgres import Lock
from schemas.contracts import contracts
from schemas.institutions import INSTITUTIONS
from schemas.locks import StageLock
from schemas.roles import Role
from schemas.topics import PERSON_PARTITIONED, TOPICS, Topic

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {
    "schemas": set(),
    "backbone": {"schemas"},
    "producers": {"schemas", "backbone"},
    "population": {"schemas", "producers"},
    "consumers": {"schemas", "backbone"},
    "rules": {"schemas", "backbone"},
    "notifier": {"schemas", "backbone"},
}
OURS = {*MAY_IMPORT, "kruispunt", "benchmarks"}
OUTSIDE = {"registrar", "auditor", "inspector", "operator", "jurist", *INSTITUTIONS}
PROCESSES = {"relay", "exchange", "dossiers", "replay", "audit", "rules", "notifier", "api", *OUTSIDE}


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    modules = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {name.split(".")[0] for name in modules}


@pytest.mark.parametrize("stage", MAY_IMPORT)
def test_arrows_between_folders_point_one_way(stage: str) -> None:
    wrong = {
        str(path.relative_to(ROOT)): bad
        for path in (ROOT / stage).rglob("*.py")
        if (bad := (imported(path) & OURS) - MAY_IMPORT[stage] - {stage})
    }
    assert wrong == {}


GENERAL_TOPICS = {"DEAD_LETTERS", "LARGEST_LETTER", "LARGEST_MESSAGE", "POSITIONS", "SCHEMAS", "Topic", "topic"}
"""What the backbone may know of topics: how large a message is, and those that carry its own mechanisms."""
OUR_WORDS = ({*INSTITUTIONS, *PROCESSES, "intake"} - {"api"}) | {topic.name for topic in TOPICS if "." in topic.name}


def names_of_social_security(text: str) -> set[str]:
    """What a module of the backbone has from social security: imports, and strings that name something of it."""
    tree = ast.parse(text)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "schemas.topics":
            found |= {alias.name for alias in node.names} - GENERAL_TOPICS
        elif isinstance(node, ast.ImportFrom | ast.Import):
            module = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            found |= {name for name in module if name in {"schemas.institutions", "institutions"}}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {word for word in OUR_WORDS if word == node.value or ("." in word and word in node.value)}
    return found


def test_the_backbone_knows_nothing_of_social_security() -> None:
    known = {
        str(path.relative_to(ROOT)): names
        for path in (ROOT / "backbone").rglob("*.py")
        if (names := names_of_social_security(path.read_text("utf-8")))
    }
    assert known == {}


@pytest.mark.parametrize(
    "text",
    [
        "from schemas.institutions import HOSTED",
        "from schemas import institutions",
        "from schemas.topics import FACTS",
        'ROLE = "exchange"',
        "topic = 'deliveries.rva'",
    ],
)
def test_what_names_social_security_is_seen(text: str) -> None:
    assert names_of_social_security(text)


def modules(stage: str) -> dict[str, Path]:
    """The modules of a stage by dotted name; a package goes by its own name."""
    named = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / stage).rglob("*.py")}
    return {name.removesuffix(".__init__"): path for path, name in named.items()}


def imported_modules(path: Path, known: Iterable[str]) -> set[str]:
    """Which of these modules a module imports, be it whole or in part, at its head or within a function."""
    there = set(known)
    tree = ast.parse(path.read_text("utf-8"))
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names} & there
            named |= inside or {node.module}
    return named & there


def rooms(arrows: Mapping[str, set[str]]) -> dict[str, dict[str, set[str]]]:
    """By package, the arrows between what lies directly in it: modules, and packages as a whole."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for module, targets in arrows.items():
        for target in targets:
            here, there = module.split("."), target.split(".")
            depth = next((at for at, (one, other) in enumerate(zip(here, there, strict=False)) if one != other), 0)
            if depth:
                found[".".join(here[:depth])][here[depth]].add(there[depth])
    return found


def circle(arrows: Mapping[str, set[str]]) -> list[str]:
    """The first circle of arrows; empty where there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("stage", [*MAY_IMPORT, "kruispunt"])
def test_no_module_and_no_room_of_a_stage_imports_in_a_circle(stage: str) -> None:
    known = modules(stage)
    arrows = {name: imported_modules(path, known) - {name} for name, path in known.items()}
    assert any(arrows.values()), "nothing in this stage imports anything: this test sees nothing"
    assert circle(arrows) == []
    assert {package: found for package, between in rooms(arrows).items() if (found := circle(between))} == {}


def test_the_command_line_alone_knows_all_stages() -> None:
    wiring = {
        path.relative_to(ROOT).parts[0]
        for stage in (*MAY_IMPORT, "kruispunt")
        for path in (ROOT / stage).rglob("*.py")
        if len(imported(path) & {"producers", "consumers", "rules", "notifier"} - {stage}) > 1
    }
    assert wiring == {"kruispunt"}


def names_of_types(path: Path) -> Iterator[str]:
    """The classes and public type aliases of a module; constants are written in capitals."""
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.ClassDef(name=name):
                pass
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case _:
                continue
        if name[0].isupper() and not name.isupper():
            yield name


def test_the_name_of_a_class_or_type_says_one_thing_in_all_stages() -> None:
    # The twins are generated from contracts, and so have the names of these.
    defined: dict[str, list[str]] = defaultdict(list)
    for stage in (*MAY_IMPORT, "kruispunt"):
        for path in sorted((ROOT / stage).rglob("*.py")):
            if path.parent != ROOT / "schemas" / "twins":
                for name in names_of_types(path):
                    defined[name].append(str(path.relative_to(ROOT)))
    assert len(defined) > 200, "hardly any class is found: this test sees nothing"
    assert {name: places for name, places in defined.items() if len(places) > 1} == {}


def test_locks_are_taken_in_one_place_which_knows_whose_they_are() -> None:
    # A role that called PostgreSQL's own function would be refused, and its process would stop.
    callers = {
        str(path.relative_to(ROOT))
        for stage in (*MAY_IMPORT, "kruispunt")
        for path in (ROOT / stage).rglob("*.py")
        if "advisory_" in path.read_text("utf-8")
    }
    assert callers == {"backbone/postgres.py", "backbone/stack/roles.py", "backbone/stack/strays.py"}


def test_no_two_locks_have_one_number() -> None:
    numbers = [lock.value for lock in (*Lock, *StageLock)]
    assert len(numbers) > 10
    assert sorted(numbers) == sorted(set(numbers))


def test_the_backbone_names_no_stage_in_its_sql() -> None:
    files = sorted((ROOT / "backbone" / "sql").rglob("*.sql"))
    # Any database has an owner.
    roles = set(Role) - {Role.OWNER}
    assert files
    words = {path.name: set(re.findall("[a-z]+", path.read_text("utf-8"))) & roles for path in files}
    assert {name: found for name, found in words.items() if found} == {}


@pytest.mark.parametrize("package", sorted(OURS - {"benchmarks"}))
def test_a_package_name_is_this_repository_and_nobody_elses(package: str) -> None:
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.submodule_search_locations is not None
    assert {Path(place).resolve() for place in found.submodule_search_locations} == {(ROOT / package).resolve()}
    assert set(packages_distributions().get(package, ["kruispunt"])) == {"kruispunt"}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_has_writers_readers_a_purpose_and_contracts_that_exist(topic: Topic) -> None:
    assert topic.writers
    assert topic.readers
    assert topic.doc.endswith(".")
    assert set(topic.writers) | set(topic.readers) <= PROCESSES
    assert set(topic.contracts) <= {contract.name for contract in contracts()}
    assert topic.cleanup == "delete" or topic.spread != PERSON_PARTITIONED


def test_an_institution_reads_and_writes_topics_of_its_own_name_and_nothing_else() -> None:
    for institution in INSTITUTIONS:
        assert {topic.name for topic in TOPICS if institution in topic.readers} == {
            f"deliveries.{institution}",
            f"dossiers.{institution}.answers",
        }
        assert {topic.name for topic in TOPICS if institution in topic.writers} == {f"dossiers.{institution}"}


def test_every_contract_travels_in_a_topic() -> None:
    assert {contract.name for contract in contracts()} == {name for topic in TOPICS for name in topic.contracts}

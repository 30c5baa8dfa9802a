"""The house stands as drawn: arrows point one way, every topic has its ends, and the package names are ours."""

import ast
import importlib.util
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from schemas.contracts import contracts
from schemas.institutions import INSTITUTIONS
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


def test_locks_are_taken_in_one_place_which_knows_whose_they_are() -> None:
    # A role that called PostgreSQL's own function would be refused, and its process would stop.
    callers = {
        str(path.relative_to(ROOT))
        for stage in (*MAY_IMPORT, "kruispunt")
        for path in (ROOT / stage).rglob("*.py")
        if "advisory_" in path.read_text("utf-8")
    }
    assert callers == {"backbone/postgres.py", "backbone/stack/roles.py", "backbone/stack/strays.py"}


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

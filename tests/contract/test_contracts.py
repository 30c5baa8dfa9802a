"""What travels is whole: each contract has documentation, an example, a used twin, versions that read each other."""

import ast
import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from schemas import derive
from schemas.codec import decode_body, encode, split
from schemas.compatibility import problems
from schemas.contracts import Contract, contract, contracts, make, schema_id
from schemas.samples import sample

ROOT = Path(__file__).parents[2]
ENVELOPE = ["event", "declaration", "version", "status", "quarter", "employer", "person", "occurred_at", "trace_parent"]


NEWEST = [found for found in contracts() if found is contract(found.name)]


def named(contract: Contract) -> str:
    return contract.name


def fields(schema: Any, place: str = "") -> list[tuple[str, dict[str, Any]]]:
    match schema:
        case list():
            return [found for branch in schema for found in fields(branch, place)]
        case {"type": "array", "items": items}:
            return fields(items, place)
        case {"type": "record", "fields": inner}:
            return [
                found
                for field in inner
                for found in [(f"{place}.{field['name']}", field), *fields(field["type"], f"{place}.{field['name']}")]
            ]
    return []


@pytest.mark.parametrize("contract", contracts(), ids=named)
def test_every_field_of_a_contract_says_what_it_means(contract: Contract) -> None:
    found = list(fields(contract.schema))
    assert found
    assert [place for place, field in found if not field.get("doc", "").endswith(".")] == []


@pytest.mark.parametrize("contract", [c for c in contracts() if c.name.startswith("declarations.")], ids=named)
def test_every_declared_value_says_how_sensitive_it_is(contract: Contract) -> None:
    leaves = [(place, field) for place, field in fields(contract.schema) if not fields(field["type"])]
    assert [place for place, field in leaves if "Sensitivity:" not in field["doc"]] == []
    assert [field["name"] for field in contract.schema["fields"]][: len(ENVELOPE)] == ENVELOPE


@pytest.mark.parametrize("contract", NEWEST, ids=named)
def test_the_example_of_a_contract_survives_the_wire(contract: Contract) -> None:
    record = sample(contract.name)
    number, body = split(encode(contract, record))
    assert number == contract.id
    assert decode_body(contract, body) == record


@pytest.mark.parametrize("contract", derive.twinned(), ids=named)
def test_the_twin_of_a_contract_is_what_the_contract_derives(contract: Contract) -> None:
    kept = (ROOT / "schemas" / "twins" / f"{derive.module(contract)}.py").read_text("utf-8")
    assert ast.dump(ast.parse(kept)) == ast.dump(ast.parse(derive.twin(contract)))


def test_every_twin_is_of_a_contract_and_some_module_uses_it() -> None:
    twins = {path.stem for path in (ROOT / "schemas" / "twins").glob("*.py")} - {"__init__"}
    assert twins == {derive.module(found) for found in derive.twinned()}
    stages = ("backbone", "producers", "consumers", "rules", "notifier", "kruispunt")
    texts = [path.read_text("utf-8") for stage in stages for path in (ROOT / stage).rglob("*.py")]
    assert twins - {name for name in twins for text in texts if f"from schemas.twins.{name} import" in text} == set()


def test_every_version_of_a_contract_reads_every_other() -> None:
    pairs = [(a, b) for a, b in permutations(contracts(), 2) if a.name == b.name]
    assert pairs
    assert [problems(a.schema, b.schema) for a, b in pairs if problems(a.schema, b.schema)] == []


def record(*described: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": list(described)}


OLD = record({"name": "a", "type": "int"})


@pytest.mark.parametrize(
    "new",
    [
        record({"name": "a", "type": "int"}, {"name": "b", "type": "int"}),
        record({"name": "a", "type": "string"}),
        record({"name": "a", "type": {"type": "int", "logicalType": "date"}}),
        record({"name": "a", "type": {"type": "enum", "name": "E", "symbols": ["X"]}}),
    ],
    ids=["a field without default", "another type", "another meaning of the same bytes", "an enumeration"],
)
def test_an_incompatible_change_is_named(new: dict[str, Any]) -> None:
    assert problems(OLD, new)


def test_a_new_field_with_a_default_breaks_nobody() -> None:
    new = record({"name": "a", "type": "int"}, {"name": "b", "type": ["null", "int"], "default": None})
    assert problems(OLD, new) == []
    assert problems(new, OLD) == []


def test_a_schema_has_the_same_id_however_it_is_written() -> None:
    contract = contracts()[0]
    shuffled = json.loads(json.dumps(contract.schema, indent=8, sort_keys=True))
    assert schema_id(shuffled) == contract.id
    assert 0 <= contract.id < 2**31
    assert make("x", shuffled | {"doc": "another"}).id != contract.id


def test_no_two_contracts_share_an_id() -> None:
    assert len({contract.id for contract in contracts()}) == len(contracts())

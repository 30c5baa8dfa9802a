"""Findings of every contract there was are stored as they are told, whichever has outcomes of conditions."""

from datetime import date
from typing import Any

import orjson
import pytest
from confluent_kafka import Message

from notifier.findings import read
from schemas.codec import encode
from schemas.contracts import Contract, contracts
from schemas.registry import SchemaBook
from schemas.samples import sample

PEPPER = b"p" * 32
VERSIONS = [one for one in contracts() if one.name == "findings"]
TRACE = 16
"""Where the trace is in a row."""


def fitted(schema: Any, record: dict[str, Any]) -> dict[str, Any]:
    """The sample of the newest contract with the fields an older one has."""
    (trace,) = (field["type"]["items"] for field in schema["fields"] if field["name"] == "trace")
    names = {field["name"] for field in trace["fields"]}
    steps = [{name: value for name, value in step.items() if name in names} for step in record["trace"]]
    wanted = {field["name"] for field in schema["fields"]}
    return {**{name: value for name, value in record.items() if name in wanted}, "trace": steps}


def test_there_are_four_contracts_of_findings() -> None:
    assert len(VERSIONS) == 4


@pytest.mark.parametrize("version", VERSIONS, ids=lambda one: str(one.id))
def test_a_finding_of_any_contract_is_stored_with_the_outcomes_it_has(version: Contract) -> None:
    value = encode(version, fitted(version.schema, sample("findings")))
    message = Message(topic="findings", partition=0, offset=7, key=b"", value=value, timestamp=(1, 0))
    batch = read([message], PEPPER, SchemaBook())
    assert batch.dead == []
    (row,) = batch.rows
    steps = orjson.loads(row[TRACE])
    assert [step["outcome"] for step in steps] == (["held", None] if version in VERSIONS[-2:] else [None, None])


def test_a_finding_that_changed_law_led_to_is_stored_with_the_day_it_is_known() -> None:
    change = {"known": date(2026, 11, 28), "parameters": ["structural_reduction.yaml | category 1"]}
    values = [encode(VERSIONS[-1], sample("findings") | {"law_change": led}) for led in (change, None)]
    messages = [
        Message(topic="findings", partition=0, offset=number, key=b"", value=value, timestamp=(1, 0))
        for number, value in enumerate(values)
    ]
    rows = [row[-1] for row in read(messages, PEPPER, SchemaBook()).rows]
    assert rows == [date(2026, 11, 28), None]

"""Every schema version is written down once, and none takes another's id."""

import json

import pytest

from schemas.contracts import Contract, contract, make
from schemas.registration import SchemaVersion, missing, parse, subject
from schemas.registry import SchemaBook, SchemaCollision, UnknownSchema

WAGES = contract("declarations.wages")


def test_a_new_schema_gets_the_next_version_of_its_subject() -> None:
    changed = make("declarations.wages", WAGES.schema | {"doc": "Another."})
    wanted = [("w-value", WAGES), ("w-value", changed), ("x-value", WAGES)]
    found = list(missing([], wanted))
    assert [(v.subject, v.version, v.id) for v in found] == [
        ("w-value", 1, WAGES.id),
        ("w-value", 2, changed.id),
        ("x-value", 1, WAGES.id),
    ]
    assert list(missing(found, wanted)) == []


def test_a_version_is_kept_in_the_shape_of_a_registry() -> None:
    version = SchemaVersion(subject("declarations.wages"), 1, WAGES.id, json.dumps(WAGES.schema))
    assert json.loads(version.key()) == {
        "keytype": "SCHEMA", "subject": "declarations.wages-value", "version": 1, "magic": 1,
    }  # fmt: skip
    assert parse(version.key(), version.value()) == version
    assert parse(b'{"keytype":"NOOP"}', b"{}") is None
    assert parse(version.key(), None) is None


def test_a_schema_that_would_take_anothers_id_is_refused() -> None:
    impostor = Contract("x", {"type": "record", "name": "X", "fields": []}, WAGES.id, None, WAGES.prefix)
    with pytest.raises(SchemaCollision):
        list(missing([SchemaVersion("w-value", 1, WAGES.id, json.dumps(WAGES.schema))], [("x-value", impostor)]))
    with pytest.raises(SchemaCollision):
        SchemaBook().add(impostor)


def test_a_schema_that_is_not_known_is_asked_for_once_and_checked() -> None:
    changed = make("declarations.wages", WAGES.schema | {"doc": "Another."})
    asked = []

    def fetch(number: int) -> str | None:
        asked.append(number)
        return json.dumps(changed.schema)

    book = SchemaBook(fetch)
    assert book.get(changed.id).name == "declarations.wages"
    assert book.get(changed.id) == changed
    assert asked == [changed.id]
    with pytest.raises(UnknownSchema):
        book.get(changed.id + 1)
    with pytest.raises(UnknownSchema):
        SchemaBook().get(7)

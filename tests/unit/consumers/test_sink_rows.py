"""A delivery becomes a row by the schema it names, and one nobody can read is not passed over."""

from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from confluent_kafka import Message

from backbone.errors import Retry, Stop
from consumers.deliberations import load
from consumers.narrowing.projection import Projection, projections
from consumers.sink.rows import StoreRow, rows
from schemas.codec import encode
from schemas.registry import SchemaBook
from schemas.samples import sample

ENTITLEMENTS = "declarations.entitlements"


def projection(deliberation: str, kind: str) -> Projection:
    return next(one for one in projections(load()) if (one.deliberation, one.contract.name) == (deliberation, kind))


def delivered(value: bytes) -> Message:
    return Message(topic="deliveries.fpd", partition=2, offset=7, value=value)


def stored(*messages: Message, known: Projection | None = None) -> list[StoreRow]:
    book = SchemaBook()
    if known:
        book.add(known.contract)
    return list(rows(messages, book))


def delivery(one: Projection, **changes: Any) -> Message:
    record = sample(one.contract.name) | {"deliberation": one.deliberation, "replay": False} | changes
    return delivered(encode(one.contract, record))


def test_a_row_has_the_envelope_in_columns_and_the_permitted_fields_as_content() -> None:
    found = projection("23/112@1", ENTITLEMENTS)
    given = {
        "replay": True,
        "occurred_at": datetime(2026, 10, 12, 8, 30, tzinfo=UTC),
        "from": date(2026, 1, 1),
        "until": None,
    }
    full = sample(ENTITLEMENTS)
    (row,) = stored(delivery(found, **given), known=found)
    assert row[:-1] == (
        2, 7, full["event"], "23/112@1", True, full["declaration"], full["version"], full["status"], full["quarter"],
        full["employer"], full["person"], given["occurred_at"], ENTITLEMENTS,
    )  # fmt: skip
    content = orjson.loads(row[-1])
    assert list(content) == ["institution", "kind", "nature", "from", "until", "amount", "per"]
    assert (content["from"], content["until"], content["amount"]) == ("2026-01-01", None, full["amount"])


def test_a_character_postgresql_cannot_hold_is_made_visible() -> None:
    found = projection("23/112@1", ENTITLEMENTS)
    (row,) = stored(delivery(found, nature="a\0b"), known=found)
    assert orjson.loads(row[-1])["nature"] == "a\N{REPLACEMENT CHARACTER}b"


def test_a_schema_the_registry_does_not_know_yet_is_waited_for() -> None:
    with pytest.raises(Retry):
        stored(delivery(projection("23/112@1", ENTITLEMENTS)))


def test_a_delivery_that_cannot_be_read_stops_the_sink_with_its_place() -> None:
    found = projection("23/112@1", ENTITLEMENTS)
    for value in (b"", b"\x07abcdef", found.contract.prefix + b"\xff\xff"):
        with pytest.raises(Stop, match=r"deliveries\.fpd\[2\]@7"):
            stored(delivered(value), known=found)

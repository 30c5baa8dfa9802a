"""Decodes the message of a dead letter as far as possible. Pure: bytes in, JSON values out."""

from base64 import b64encode
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from consumers.exchange.batch import PSEUDONYM_BYTES
from kruispunt.dead_letters.originals import bundle
from schemas.codec import decode_body, split
from schemas.registry import SchemaBook
from schemas.twins.rules_facts import Fact


def content(value: bytes, book: SchemaBook) -> dict[str, Any]:
    """What a message holds: its record, its facts where it is a bundle, or else its bytes in base 64."""
    try:
        facts = bundle(value)["facts"]
    except Exception:  # noqa: BLE001 - whatever bad bytes raise, they are shown as they are
        return _decoded(value, book)
    return {"facts": [{"person": fact["person"].hex(), **_body(fact, book)} for fact in facts]}


def _body(fact: Fact, book: SchemaBook) -> dict[str, Any]:
    try:
        return {"record": plain(decode_body(book.get(fact["contract"]), fact["body"]))}
    except Exception:  # noqa: BLE001 - as above
        return {"contract": fact["contract"], "bytes": _text(fact["body"])}


def _decoded(value: bytes, book: SchemaBook) -> dict[str, Any]:
    try:
        number, body = split(value)
        return {"record": plain(decode_body(book.get(number), body))}
    except Exception:  # noqa: BLE001 - as above
        return {"bytes": _text(value)}


def persons(key: bytes | None, value: bytes) -> list[str]:
    """The pseudonyms of the persons of a message, as far as key and bundle have them."""
    found = {key} if key is not None and len(key) == PSEUDONYM_BYTES else set()
    with suppress(Exception):
        # Bytes that are not a bundle name no person.
        found |= {fact["person"] for fact in bundle(value)["facts"]}
    return sorted(one.hex() for one in found)


def plain(value: Any) -> Any:
    """The same in values that JSON has."""
    match value:
        case bytes():
            return value.hex()
        case datetime() | date():
            return value.isoformat()
        case list():
            return [plain(one) for one in value]
        case dict():
            return {name: plain(one) for name, one in value.items()}
    return value


def _text(value: bytes) -> str:
    return b64encode(value).decode()

"""Events about working time, put where an intake puts them, and what an institution then gets of them."""

from collections.abc import Iterable
from typing import Any

from backbone import kafka, postgres
from backbone.settings import Settings
from consumers.deliberations import load
from consumers.narrowing.projection import projections
from consumers.replay.look_back import replayable
from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.identifiers import derive, pseudonym
from schemas.registry import SchemaBook
from schemas.samples import sample
from schemas.topics import delivery

TIME = "declarations.working-time"
RECIPIENT = "rva"


def accept(settings: Settings, mark: str, persons: Iterable[str], name: str) -> None:
    """One event about each person, of a declaration called `mark`, in the outbox of the register."""
    pepper, record = settings.pepper(), sample(TIME) | {"declaration": mark, "quarter": "2026Q3"}
    with (
        postgres.connect(settings, "intake") as connection,
        connection.cursor() as cursor,
        cursor.copy("copy register.outbox (topic, key, value) from stdin (format binary)") as copy,
    ):
        copy.set_types(["text", "bytea", "bytea"])
        for person in persons:
            event = record | {"person": person, "event": derive(mark, person, name)}
            copy.write_row((TIME, pseudonym(pepper, person), encode(contract(TIME), event)))


def copies(settings: Settings, mark: str) -> list[dict[str, Any]]:
    """The copies of these events on the topic of the institution, live or replayed, in its order."""
    book = SchemaBook()
    for projection in (*projections(load()), *replayable(load())):
        book.add(projection.contract)
    found = []
    for message in kafka.read_all(settings, "inspector", delivery(RECIPIENT)):
        value = message.value() or b""
        if mark.encode() in value:
            number, body = split(value)
            found.append(decode_body(book.get(number), body))
    return found

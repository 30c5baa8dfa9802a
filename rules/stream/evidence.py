"""Reads facts, and records which: the events that were read, with their digests, are the evidence of a finding."""

from hashlib import sha256

from rules.stream.held_facts import Content, FactKey, HeldFact
from schemas.codec import decode_body
from schemas.registry import SchemaBook


class FactReader:
    """Decodes bodies by the id of their schema, each body once."""

    def __init__(self, book: SchemaBook) -> None:
        self._book = book
        self._read: dict[bytes, Content] = {}

    def kind(self, number: int) -> str:
        """The contract a schema belongs to.

        Raises UnknownSchema.
        """
        return self._book.get(number).name

    def content(self, number: int, body: bytes) -> Content:
        """The content of a body."""
        content = self._read.get(body)
        if content is None:
            content = self._read[body] = decode_body(self._book.get(number), body)
        return content

    def __call__(self, fact: HeldFact) -> Content:
        """The content of a fact."""
        return self.content(fact.contract, fact.body)


class Witness:
    """Reads facts and records which: they are the evidence of a finding."""

    def __init__(self, reader: FactReader) -> None:
        self._reader = reader
        self._seen: dict[FactKey, HeldFact] = {}

    def __call__(self, fact: HeldFact) -> Content:
        """The content of a fact."""
        self._seen[fact.key] = fact
        return self._reader(fact)

    def evidence(self) -> list[dict[str, str]]:
        """The events read so far, each with the digest of its body, in a fixed order."""
        return in_order([exhibit(fact, self._reader) for fact in self._seen.values()])


def in_order(evidence: list[dict[str, str]]) -> list[dict[str, str]]:
    """Evidence in its published order, independent of the order it was read in."""
    return sorted(evidence, key=lambda event: event["event"])


def exhibit(fact: HeldFact, reader: FactReader) -> dict[str, str]:
    """An event and the digest of the copy that was read."""
    return {"event": reader(fact)["event"], "sha256": sha256(fact.body).hexdigest()}

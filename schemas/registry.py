"""Finds a schema by id: among the project's own contracts first, then in the source it is given."""

import json
from collections.abc import Callable

from schemas.contracts import Contract, contracts, make, schema_id


class UnknownSchema(LookupError):
    """No schema has that id: the message was not written by this backbone."""


class SchemaCollision(ValueError):
    """Two different schemas have the same id: rename a field of the new one."""


class SchemaBook:
    """Schemas by id. `fetch(id)` is asked for an id that is not known: it gives the schema as JSON text or None."""

    def __init__(self, fetch: Callable[[int], str | None] | None = None) -> None:
        self._known = {contract.id: contract for contract in contracts()}
        self._fetch = fetch

    def add(self, contract: Contract) -> None:
        """Keep a contract.

        Raises SchemaCollision when its id stands for another schema.
        """
        present = self._known.setdefault(contract.id, contract)
        if present.schema != contract.schema:
            raise SchemaCollision(contract.name)

    def get(self, number: int) -> Contract:
        """The contract with this id.

        Raises UnknownSchema.
        """
        known = self._known.get(number)
        if known is not None:
            return known
        text = self._fetch(number) if self._fetch else None
        if text is None:
            raise UnknownSchema(number)
        schema = json.loads(text)
        if schema_id(schema) != number:
            raise UnknownSchema(number)
        found = make(_name(schema), schema)
        self._known[number] = found
        return found


def _name(schema: dict[str, str]) -> str:
    """The contract a published schema belongs to, by its namespace."""
    for candidate in contracts():
        if candidate.schema["namespace"] == schema.get("namespace"):
            return candidate.name
    return f"{schema.get('namespace', '')}.{schema.get('name', '')}"

"""Connections that ask PostgreSQL for nothing, or are refused; a contract test holds them to real ones."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn, Self

import psycopg

from tests.builders.somebody import NAME, PERSON, STREET

REFUSED_ROW: Mapping[str, str | None] = {
    "recipient": PERSON, "kind": "citizen", "name": NAME, "street": STREET, "number": "1", "box": "", "postcode": None,
    "town": "Gent", "country": "BE", "language": "nl",
}  # fmt: skip
"""A row that the table of profiles refuses, as it has no postcode."""
REFUSAL = (
    'null value in column "postcode" of relation "profile" violates not-null constraint\n'
    f"DETAIL:  Failing row contains ({PERSON}, citizen, , {NAME}, {STREET}, 1, , null, Gent, BE, nl, null, f)."
)
"""What PostgreSQL says of that row: it quotes it whole."""


class IdleDatabase:
    """A connection whose transactions have nothing to do."""

    def transaction(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def cursor(self) -> AbstractContextManager[Any]:
        return nullcontext()


class RefusingDatabase:
    """A connection that refuses whatever it is asked, and quotes the row, as PostgreSQL does."""

    def __getattr__(self, name: str) -> NoReturn:
        raise psycopg.errors.NotNullViolation(REFUSAL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

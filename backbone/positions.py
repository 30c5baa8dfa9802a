"""Keeps a reader's position in the transaction of what it wrote, so that neither is there without the other."""

from collections.abc import Mapping
from typing import Any

from psycopg import Cursor, sql

Positions = dict[tuple[str, int], int]


def load(cursor: Cursor[Any], schema: str) -> Positions:
    """The next offset to read, by topic and partition; what is missing begins at the beginning."""
    cursor.execute(sql.SQL("select topic, partition, next from {}.position").format(sql.Identifier(schema)))
    return {(topic, partition): following for topic, partition, following in cursor}


def store(cursor: Cursor[Any], schema: str, positions: Mapping[tuple[str, int], int]) -> bool:
    """Move positions forward; False when somebody else is further already: then roll back."""
    if not positions:
        return True
    topics, partitions, following = zip(
        *((topic, number, value) for (topic, number), value in positions.items()), strict=True
    )
    cursor.execute(
        sql.SQL(
            "insert into {0}.position as kept (topic, partition, next)"
            " select * from unnest(%s::text[], %s::int[], %s::bigint[])"
            " on conflict (topic, partition) do update set next = excluded.next where kept.next < excluded.next"
        ).format(sql.Identifier(schema)),
        (list(topics), list(partitions), list(following)),
    )
    return cursor.rowcount == len(positions)

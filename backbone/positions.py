"""Keeps a reader's position in the transaction of what it wrote, so that neither is there without the other."""

from collections.abc import Mapping
from typing import Any

from psycopg import Cursor, sql

Positions = dict[tuple[str, int], int]


def load(cursor: Cursor[Any], schema: str) -> Positions:
    """The next offset to read, by topic and partition; what is missing begins at the beginning."""
    cursor.execute(sql.SQL("select topic, partition, next from {}.position").format(sql.Identifier(schema)))
    return {(topic, partition): following for topic, partition, following in cursor}


def store(cursor: Cursor[Any], schema: str, since: Positions, positions: Mapping[tuple[str, int], int]) -> bool:
    """Move positions on from where this reader began; False when they are not there any more: then roll back.

    `since` says where the reader found or last left each position; where it has none, none may be kept yet. A reader
    that was paused while another one went on is stopped here, whether it is behind or overlaps.
    """
    begun = [
        (*partition, since[partition], following) for partition, following in positions.items() if partition in since
    ]
    new = [(*partition, following) for partition, following in positions.items() if partition not in since]
    moved = 0
    if begun:
        cursor.execute(
            sql.SQL(
                "update {}.position as kept set next = moved.next"
                " from unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[])"
                " as moved (topic, partition, since, next)"
                " where (kept.topic, kept.partition, kept.next) = (moved.topic, moved.partition, moved.since)"
            ).format(sql.Identifier(schema)),
            [list(column) for column in zip(*begun, strict=True)],
        )
        moved += cursor.rowcount
    if new:
        cursor.execute(
            sql.SQL(
                "insert into {}.position (topic, partition, next)"
                " select * from unnest(%s::text[], %s::int[], %s::bigint[])"
                " on conflict (topic, partition) do nothing"
            ).format(sql.Identifier(schema)),
            [list(column) for column in zip(*new, strict=True)],
        )
        moved += cursor.rowcount
    return moved == len(positions)

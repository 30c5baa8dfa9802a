"""Detects a database that was restored to an earlier state, or replaced by a standby that had not received everything.

Every publication of a source has a mark. 1. The database has it first, 2. then Kafka has it, in the transaction of what
is published. So whatever is killed in between, Kafka is never ahead of the database, unless it is another database than
the one that published. How many numbers that one has given to transactions and rows since says nothing.
"""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson
from confluent_kafka import OFFSET_BEGINNING, TopicPartition
from psycopg import Connection

from backbone import kafka
from backbone.errors import Stop
from backbone.progress import BEGINNING, START, UNMARKED, Mark, OutboxPosition, Progress, positions
from backbone.settings import Settings
from backbone.trouble import translated
from schemas.topics import POSITIONS

TOKEN_BYTES = 8
KEPT = "select source, number, token, before, tx, id, ends from register.mark"
BEGIN = """
insert into register.mark (source, number, token, before, tx, id) values (%s, %s, %s, '', 0, 0) on conflict do nothing
"""
TAKE_BACK = "update register.mark set number = %s, token = %s, before = '' where source = %s"
ADVANCE = """
update register.mark set number = %s, token = %s, before = token, at = now()
where source = %s and (number, token) = (%s, %s)
"""
REACHED = "update register.mark set tx = %s, id = %s, ends = %s where source = %s"
SETTLE = """
insert into register.mark (source, number, token, before, tx, id) values (%s, %s, %s, '', %s, %s)
on conflict (source) do update
set number = excluded.number, token = excluded.token, before = '', at = now()
"""
NUMBERS_GIVEN = "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"

TopicEnds = Mapping[tuple[str, int], int]


class Restored(Stop):
    """The database is not the one that published last."""

    def __init__(self, source: str) -> None:
        super().__init__(
            f"The database is behind Kafka: what {source} published last is unknown to it. It was put back to an "
            "earlier moment, or a server took over that had not received everything.",
            "Nothing is published or exchanged until `kruispunt repair` has compared them.",
        )


class StoredMark(NamedTuple):
    """What the database has of a source; up to `reached` all is published, and lies on the topics before `ends`."""

    mark: Mark
    before: str
    reached: Progress
    ends: TopicEnds


NOTHING = StoredMark(UNMARKED, "", BEGINNING, {})


def kept(connection: Connection[Any]) -> dict[str, StoredMark]:
    """What the database has, by source."""
    return {
        source: StoredMark(
            Mark(number, token),
            before,
            Progress(tx, row),
            {(topic, partition): offset for topic, partition, offset in ends},
        )
        for source, number, token, before, tx, row, ends in connection.execute(KEPT)
    }


def agree(found: StoredMark | None, position: OutboxPosition) -> bool:
    """Whether a database is the one that made this position: its last publication, or the one before."""
    if found is None:
        return position.mark == UNMARKED
    last, mark = found.mark, position.mark
    return mark == last or (mark.number, mark.token) == (last.number - 1, found.before)


def check(connection: Connection[Any], source: str, position: OutboxPosition) -> Mark:
    """See, before publishing, that Kafka and the database agree; gives the mark both have.

    The caller is the only one who publishes this source. Raises Stop when they do not agree.
    """
    with translated():
        found = kept(connection).get(source)
        if not agree(found, position):
            raise Restored(source)
        if found is None:
            # Published before there were marks: all that can be seen is whether the numbers were given at all.
            given = connection.execute(NUMBERS_GIVEN).fetchone()
            if given and position.progress.tx >= given[0]:
                raise Restored(source)
            connection.execute(BEGIN, (source, *position.mark))
        elif found.mark != position.mark:
            connection.execute(TAKE_BACK, (*position.mark, source))
    return position.mark


def advance(connection: Connection[Any], source: str, mark: Mark) -> Mark:
    """The mark of the next publication, in the database before it is in Kafka.

    Raises Stop when the database does not have the mark before it.
    """
    following = Mark(mark.number + 1, secrets.token_hex(TOKEN_BYTES))
    with translated():
        if connection.execute(ADVANCE, (*following, source, *mark)).rowcount != 1:
            raise Restored(source)
    return following


def reach(connection: Connection[Any], source: str, progress: Progress, ends: TopicEnds) -> None:
    """Keep that all up to a row is published, and lies on the topics before these ends."""
    rows = [[*partition, offset] for partition, offset in ends.items()]
    with translated():
        connection.execute(REACHED, (*progress, orjson.dumps(rows).decode(), source))


def settle(connection: Connection[Any], source: str, mark: Mark) -> None:
    """Let the database have the mark that Kafka has, once both hold the same."""
    with translated():
        connection.execute(SETTLE, (source, *mark, *BEGINNING))


def guard(settings: Settings, connection: Connection[Any], user: str) -> None:
    """See that no source is published further than the database knows; for those who act on what it says.

    Raises Stop when one is.
    """
    # Kafka first: if something is published meanwhile, the database is ahead, and never the other way round.
    beginning = TopicPartition(POSITIONS, 0, OFFSET_BEGINNING)
    published = positions(kafka.read_to_end(settings, user, [beginning], patience=None))
    with translated():
        stored = kept(connection)
    for source, position in published.items():
        mark = stored.get(source, NOTHING).mark
        if mark.number < position.mark.number or (mark.number == position.mark.number and mark != position.mark):
            raise Restored(source)


def differing(here: Mapping[str, StoredMark], there: Mapping[str, OutboxPosition], sources: Iterable[str]) -> list[str]:
    """The sources of which Kafka and the database do not agree."""
    return [source for source in sources if not agree(here.get(source), there.get(source, START))]

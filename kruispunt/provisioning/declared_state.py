"""Brings databases and schemas to what this version declares; again = no change."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.resources import files
from typing import Any

from psycopg import Connection

from backbone import kafka, postgres
from backbone.errors import Retry
from backbone.schema_topic import published
from backbone.settings import Settings
from consumers import acts
from consumers.deliberations import Deliberation, load, store
from consumers.narrowing.projection import projections
from consumers.replay.look_back import replayable
from schemas.contracts import Contract, contract
from schemas.institutions import HOSTED, INSTITUTIONS
from schemas.registration import missing, subject
from schemas.roles import Role
from schemas.topics import FACTS, SCHEMAS, TOPICS, delivery

OWNED = (
    # Before the roles of any stage may ask for it.
    ("backbone", "watch"),
    ("backbone", "locks"),
    # Who of all these may do what the backbone offers.
    ("kruispunt", "access"),
    ("producers", "register"),
    ("consumers", "deliberations"),
    ("consumers", "directory"),
    ("consumers", "audit"),
    ("rules", "rules"),
    ("notifier", "notifier"),
    ("kruispunt", "dead"),
)
"""Which package brings which folder of SQL to the database `kruispunt`: a schema each, but for the rights."""
FLUSH_S = 30.0


def _note_migrated(connection: Connection[Any], database: str, steps: list[str]) -> None:
    if steps:
        with connection.transaction():
            acts.note(connection, "migrated a database", database, steps=steps)


def migrate(settings: Settings) -> None:
    """Bring every database to its newest shape, each by its own role; what changed is an act.

    The act about an institution's database is in another database: it is written once the first one has changed.
    """
    with postgres.connect(settings, Role.OWNER) as connection:
        with connection.transaction():
            ran = []
            for package, schema in OWNED:
                ran += postgres.migrate(connection, files(package) / "sql" / schema)
            _note_migrated(connection, "kruispunt", ran)
        for institution in HOSTED:
            try:
                with postgres.connect(settings, institution, institution) as other:
                    ran = postgres.migrate(other, files("consumers") / "sql" / "store")
            except Retry:
                # When one institution's own server is away, the others go on; the plan keeps naming it.
                if institution not in settings.postgres_elsewhere:
                    raise
                continue
            _note_migrated(connection, institution, ran)


def wanted(deliberations: Sequence[Deliberation]) -> Iterator[tuple[str, Contract]]:
    """Every subject with a schema it may carry: the full contracts, and what each deliberation derives from them."""
    for topic in TOPICS:
        if not topic.name.startswith(delivery("")):
            for name in topic.contracts:
                yield subject(topic.name), contract(name)
    for projection in (*projections(deliberations), *replayable(deliberations)):
        topic_name = delivery(projection.recipient) if projection.recipient in INSTITUTIONS else FACTS
        own = "" if projection.recipient in INSTITUTIONS else f".{projection.contract.name}"
        yield subject(topic_name + own), projection.contract


def register_schemas(settings: Settings, deliberations: Sequence[Deliberation]) -> int:
    """Write down every schema that is not there yet; gives how many."""
    present = list(published(settings, Role.INSPECTOR))
    writer = kafka.producer(settings, Role.REGISTRAR)
    added = 0
    for version in missing(present, wanted(deliberations)):
        writer.produce(SCHEMAS, key=version.key(), value=version.value())
        added += 1
    if writer.flush(FLUSH_S):
        raise Retry("Kafka does not take the schemas.")
    return added


def register(settings: Settings) -> Callable[[Sequence[Deliberation]], None]:
    """Publishes the schemas of deliberations before they count."""

    def publish(deliberations: Sequence[Deliberation]) -> None:
        register_schemas(settings, deliberations)

    return publish


def begin_with_shipped(settings: Settings, needed: Iterable[Deliberation] = ()) -> None:
    """Register the schemas of this version and those `needed`, and keep what it ships that is not kept yet."""
    added = register_schemas(settings, (*load(), *needed))
    with postgres.connect(settings, Role.OWNER) as connection:
        if added:
            with connection.transaction():
                acts.note(connection, "published schemas", SCHEMAS, number=added)
        store.seed(connection, register(settings))

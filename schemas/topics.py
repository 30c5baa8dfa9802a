"""Declares every topic once; creation, access rules, documentation and tests are derived from this file."""

from dataclasses import dataclass
from typing import Any, Literal

from schemas.institutions import INSTITUTIONS
from schemas.roles import Role

PERSON_PARTITIONED: Literal["person"] = "person"
"""Topics that must have the same number of partitions, so that one person is in one partition number everywhere."""

DECLARATIONS = (
    "declarations.wages",
    "declarations.working-time",
    "declarations.contributions",
    "declarations.entitlements",
)
FACTS = "rules.facts"
CHANGES = "dossiers.changes"
ANSWERS = "dossiers.answers"
DISCLOSURES = "audit.disclosures"
CHECKPOINTS = "audit.checkpoints"
FINDINGS = "findings"
NOTICES = "notices.status"
POSITIONS = "relay.positions"
SCHEMAS = "schemas"
DEAD_LETTERS = "dead-letters"

KIB = 1024
LARGEST_MESSAGE = 8 * KIB * KIB
"""A bundle of a few hundred persons, with room to spare."""
LARGEST_LETTER = LARGEST_MESSAGE + 64 * KIB
"""A message of any other topic whole, and the envelope around it."""
LARGEST_CHANGES = KIB * KIB
"""The largest batch that stock clients make (librdkafka: 1,000,000 bytes, Java: 16 KiB): thousands of changes."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: what its key is, what it carries, who may write and read it, how long it is kept."""

    name: str
    key: str
    contracts: tuple[str, ...]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    doc: str
    spread: Literal["person", "single"] = PERSON_PARTITIONED
    cleanup: Literal["delete", "compact"] = "delete"
    retention_days: int = 7
    largest: int = LARGEST_MESSAGE
    """Bytes of the largest batch of records, as it is stored: compressed where its writer compresses."""
    transactional: bool = True
    """Whether anybody may write in transactions. Where not, each offset is a record: they are counted, never read."""

    def partitions(self, person_partitions: int) -> int:
        """How many partitions the topic has where person topics have `person_partitions`."""
        return person_partitions if self.spread == PERSON_PARTITIONED else 1


def delivery(institution: str) -> str:
    """The topic that only this institution can read."""
    return f"deliveries.{institution}"


def changes(institution: str) -> str:
    """The topic on which this institution publishes changes of its dossiers."""
    return f"dossiers.{institution}"


def answers(institution: str) -> str:
    """The topic with the answers to those changes."""
    return f"dossiers.{institution}.answers"


PERSON_KEY = "pseudonym of the person"

TOPICS: tuple[Topic, ...] = (
    *(
        Topic(
            name, PERSON_KEY, (name,), (Role.RELAY,), (Role.EXCHANGE, Role.REPLAY, Role.INSPECTOR, Role.OPERATOR),
            "What was accepted, once, in full. Closed to every institution.", retention_days=90,
        )
        for name in DECLARATIONS
    ),
    *(
        Topic(
            delivery(institution), PERSON_KEY, DECLARATIONS, (Role.EXCHANGE, Role.REPLAY),
            (institution, Role.INSPECTOR),
            f"The copies {institution} is entitled to: projections of the declarations.", retention_days=30,
        )
        for institution in INSTITUTIONS
    ),
    *(
        Topic(
            changes(institution), "none: one partition keeps the order", (CHANGES,), (institution,),
            (Role.DOSSIERS, Role.INSPECTOR), f"Whom {institution} takes on file, changes and ends.", spread="single",
            retention_days=30, largest=LARGEST_CHANGES, transactional=False,
        )
        for institution in INSTITUTIONS
    ),
    *(
        Topic(
            answers(institution), "hash of the id of the change", (ANSWERS,), (Role.RELAY,),
            (institution, Role.OPERATOR),
            f"What became of each change of {institution}: taken in, or refused with a code.", spread="single",
            retention_days=30,
        )
        for institution in INSTITUTIONS
    ),
    Topic(
        FACTS, "none: the partition is that of the persons in the bundle", (FACTS,),
        (Role.EXCHANGE, Role.RELAY), (Role.RULES, Role.INSPECTOR, Role.OPERATOR),
        "Bundles of narrowed facts for the rules.", retention_days=30,
    ),
    Topic(
        DISCLOSURES, "none: the partition is that of the events", (DISCLOSURES,), (Role.EXCHANGE, Role.REPLAY),
        (Role.AUDIT, Role.REPLAY, Role.INSPECTOR),
        "Who received what about whom, and who was refused.", retention_days=30,
    ),
    Topic(
        CHECKPOINTS, "number of the checkpoint", (CHECKPOINTS,), (Role.RELAY,), (Role.AUDITOR, Role.OPERATOR),
        "Signed heads of the chains of the disclosure log, out of the reach of its database.", spread="single",
        retention_days=3_660,
    ),
    Topic(
        FINDINGS, "pseudonym of the recipient", (FINDINGS,), (Role.RELAY,),
        (Role.NOTIFIER, Role.INSPECTOR, Role.OPERATOR),
        "Rights and reductions nobody took up, and their withdrawal.", retention_days=30,
    ),
    Topic(
        NOTICES, "pseudonym of the recipient", (NOTICES,), (Role.RELAY,), (Role.INSPECTOR, Role.OPERATOR),
        "What happened to each notice.", retention_days=30,
    ),
    Topic(
        POSITIONS, "name of the outbox, or replay", (POSITIONS,), (Role.RELAY, Role.REPLAY),
        (Role.RELAY, Role.REPLAY, Role.EXCHANGE, Role.NOTIFIER, Role.INSPECTOR),
        "How far each outbox is published, and how far dossiers are replayed.", spread="single", cleanup="compact",
    ),
    Topic(
        SCHEMAS, "subject and version, JSON in the shape of _schemas", (),
        (Role.REGISTRAR,),
        (
            Role.API, Role.EXCHANGE, Role.REPLAY, Role.AUDIT, Role.RULES, Role.INSPECTOR, Role.OPERATOR, Role.JURIST,
        ),
        "Every version of every schema.", spread="single", cleanup="compact",
    ),
    Topic(
        DEAD_LETTERS, "that of the message", (DEAD_LETTERS,), (Role.EXCHANGE, Role.RELAY),
        (Role.INSPECTOR, Role.OPERATOR),
        "Messages that could not be handled, whole.", retention_days=365, largest=LARGEST_LETTER,
    ),
)  # fmt: skip


def topic(name: str) -> Topic:
    """The topic of that name.

    Raises LookupError.
    """
    for candidate in TOPICS:
        if candidate.name == name:
            return candidate
    raise LookupError(name)


def described(person_partitions: int) -> list[dict[str, Any]]:
    """Every topic as JSON: its key, contracts, partitions, and who reads and writes it."""
    return [
        {
            "topic": topic.name,
            "key": topic.key,
            "contracts": list(topic.contracts),
            "partitions": topic.partitions(person_partitions),
            "cleanup": topic.cleanup,
            "retention_days": topic.retention_days if topic.cleanup == "delete" else None,
            "readers": list(topic.readers),
            "writers": list(topic.writers),
            "doc": topic.doc,
        }
        for topic in TOPICS
    ]

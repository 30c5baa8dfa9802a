"""What an institution wants to know: its credentials, its topics, its entitlements, its dossiers."""

import sys
from collections import Counter
from typing import Any

import orjson

from backbone import postgres, settings
from backbone.errors import Stop
from consumers.audit import acts
from consumers.directory.lookup import listing
from kruispunt.commands.institutions import rotate as rotating
from kruispunt.output import Exit, as_json, console, fail, table, working
from schemas.institutions import INSTITUTIONS
from schemas.topics import TOPICS, delivery

OPERATOR = "operator"


def known(institution: str) -> str:
    """The institution, or the end with the names of those there are."""
    if institution not in INSTITUTIONS:
        fail(Exit.WRONG_USE, f"There is no institution {institution!r}.", f"Choose one of: {', '.join(INSTITUTIONS)}.")
    return institution


def credentials(institution: str, *, rotate: bool = False) -> None:
    """Print a librdkafka configuration that reads this institution's deliveries and nothing else.

    With `rotate`, make its password another one first. That a password was printed is on record before it is.
    """
    config = settings.load()
    name = known(institution)
    if config.kafka_ca is None:
        raise Stop("No CA certificate is known.", "Run `kruispunt up`, or set kafka_ca.")
    if rotate:
        with working(f"setting a new password for {name}"):
            rotating.rotate(config, name)
    lines = {
        "bootstrap.servers": config.kafka_bootstrap,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": name,
        "sasl.password": config.secret("kafka", name),
        "ssl.ca.location": str(config.kafka_ca),
    }
    with postgres.connect(config, OPERATOR) as connection:
        acts.note(connection, "printed credentials", name)
    notes = {"topic": delivery(name), "group.prefix": f"{name}.", "schema.registry.url": config.registry_url}
    if config.registry_url.startswith("https:"):
        notes["schema.registry.ssl.ca.location"] = str(config.kafka_ca)
    for key, value in lines.items():
        print(f"{key}={value}")
    for key, value in notes.items():
        print(f"# {key}={value}")


def topics(*, json: bool) -> None:
    """Every topic with its key, contracts, partitions, and who reads and writes it."""
    partitions = settings.load().partitions
    found: list[dict[str, Any]] = [
        {
            "topic": topic.name,
            "key": topic.key,
            "contracts": list(topic.contracts),
            "partitions": topic.partitions(partitions),
            "cleanup": topic.cleanup,
            "retention_days": topic.retention_days if topic.cleanup == "delete" else None,
            "readers": list(topic.readers),
            "writers": list(topic.writers),
            "doc": topic.doc,
        }
        for topic in TOPICS
    ]
    if json:
        as_json(found)
        return
    shown = table("topic", "what it holds", "written by", "read by")
    for row in found:
        shown.add_row(row["topic"], row["doc"], ", ".join(row["writers"]), ", ".join(row["readers"]))
    console.print(shown)


def dossiers(*, institution: str | None, json: bool) -> None:
    """Who is on file where, or at one institution; streamed, as there may be millions.

    Whoever lists national numbers is on record before the first of them.
    """
    wanted = institution and known(institution)
    with postgres.connect(settings.load(), OPERATOR) as connection:
        if json:
            acts.note(connection, "listed dossiers", wanted or "every institution")
            connection.commit()
        lines = (line for line in listing(connection) if wanted in {None, line["institution"]})
        if json:
            out = sys.stdout.buffer
            out.write(b"[")
            for number, line in enumerate(lines):
                out.write((b",\n" if number else b"\n") + orjson.dumps(line))
            out.write(b"\n]\n")
            out.flush()
            return
        counted = Counter((line["institution"], line["quality"]) for line in lines)
    shown = table("institution", "quality", "dossiers", right=("dossiers",))
    for (place, quality), number in sorted(counted.items()):
        shown.add_row(place, quality, f"{number:,}")
    console.print(shown)
    console.print("Who they are: `kruispunt directory --json`.")

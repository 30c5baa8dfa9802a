"""Shows an institution its credentials, topics and dossiers."""

import sys
from collections import Counter

import orjson

from backbone import postgres
from consumers import acts
from consumers.consultation.subscription import subscription
from consumers.directory.lookup import listing
from kruispunt import settings
from kruispunt.commands.institutions import rotate as rotating
from kruispunt.output import Exit, as_json, console, fail, table, working
from schemas.institutions import INSTITUTIONS
from schemas.roles import Role
from schemas.topics import described


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
    # What would keep them from being printed is found out before the password is another one.
    found = subscription(config, name)
    if rotate:
        with working(f"setting a new password for {name}"):
            rotating.rotate(config, name)
        found = subscription(config, name)
    with postgres.connect(config, Role.OPERATOR) as connection:
        acts.note(connection, "printed credentials", name)
    for key, value in found.client.items():
        print(f"{key}={value}")
    for key, value in found.notes.items():
        print(f"# {key}={value}")


def topics(*, json: bool) -> None:
    """Every topic with its key, contracts, partitions, and who reads and writes it."""
    partitions = settings.load().partitions
    found = described(partitions)
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
    with postgres.connect(settings.load(), Role.OPERATOR) as connection:
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

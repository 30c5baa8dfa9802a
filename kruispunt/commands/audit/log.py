"""The commands of the disclosure log: verify it, report to a person, list acts, export checkpoints; each is an act."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from psycopg import Connection

from backbone import kafka, postgres, trouble
from backbone.errors import Retry, Stop
from backbone.settings import Settings
from consumers import acts as log
from consumers.audit import verifier
from consumers.audit.person_report import report
from kruispunt import settings
from kruispunt.commands.audit.person_report import show
from kruispunt.output import Exit, as_json, console, fail, progress, table
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.identifiers import is_inss, pseudonym
from schemas.languages import LANGUAGES, as_language
from schemas.roles import Role
from schemas.topics import CHECKPOINTS

WHOLE = "the log"
SHOWN_ACTS = 50
"""Acts shown to a person, the newest; the others are in the JSON."""


@contextmanager
def _reading(config: Settings, action: str, about: str, **detail: Any) -> Iterator[Connection[Any]]:
    """A connection that reads the log; that it does is written down, and committed, before anything is read."""
    with postgres.connect(config, Role.AUDITOR) as connection:
        with connection.transaction():
            log.note(connection, action, about, **detail)
        yield connection


def _published(config: Settings) -> Iterator[bytes]:
    """The checkpoints in the topic, as JSON lines."""
    for message in kafka.read_all(config, Role.AUDITOR, CHECKPOINTS):
        one = decode_body(contract(CHECKPOINTS), split(message.value() or b"")[1])
        yield json.dumps(one | {"signature": one["signature"].hex()}).encode() + b"\n"


def _keys(config: Settings, files: list[Path]) -> dict[str, Any]:
    """The public keys to verify with: those of these files, else those given away by this installation."""
    try:
        return dict(verifier.public_keys(path.read_bytes() for path in files or [config.public_keys]))
    except OSError as error:
        raise Stop(f"{error.filename} cannot be read.", "Give --key FILE, or run `kruispunt up`.") from error
    except verifier.WrongUse as error:
        fail(Exit.WRONG_USE, str(error), "A public key is a PEM file; `kruispunt audit key` prints it.")


def verify(*, keys: list[Path], age: float, json: bool) -> int:
    """The command `audit verify`: 0 only when everything is as it was written and signed."""
    config = settings.load()
    known = _keys(config, keys)
    answer = verifier.VerifierOutput(as_json=json, write=sys.stdout.write)
    with (
        trouble.temporary_file() as spool,
        _reading(config, "verified", WHOLE) as connection,
        progress() as bar,
    ):
        # What was published is read first: a checkpoint made meanwhile is then new in the database, not missing there.
        with trouble.temporary():
            spool.writelines(_published(config))
            spool.seek(0)
        task = bar.add_task("verifying", total=None)
        with trouble.translated():
            report = verifier.verify(
                connection, known, verifier.published_in(spool), age=timedelta(seconds=age), tell=answer.tell,
                step=lambda done, total: bar.update(task, completed=done, total=total),
            )  # fmt: skip
    return answer.end(report)


def _pseudonym(config: Settings, number: str) -> bytes:
    """Whom a look-up is about; one that names nobody is refused, and that is written down, without what was typed."""
    if not is_inss(number):
        with suppress(Retry, Stop), postgres.connect(config, Role.AUDITOR) as connection:
            log.note(connection, "was refused a look-up", "a person", reason="the date or the check digits do not fit")
        fail(Exit.WRONG_USE, "The date or the check digits of this national number do not fit.", "Look it up again.")
    return pseudonym(config.pepper(), number)


def person(number: str, *, language: str, reason: str, json: bool) -> int:
    """The command `audit person`: 1 when the log says nothing about this person."""
    config = settings.load()
    try:
        spoken = as_language(language)
    except ValueError as error:
        fail(Exit.WRONG_USE, str(error), f"Choose one of: {', '.join(LANGUAGES)}.")
    key = _pseudonym(config, number)
    about = {"reason": reason} if reason else {}
    with _reading(config, "looked up a person", key.hex(), **about) as connection:
        told = report(connection, key, spoken)
    if json:
        as_json({"person": key.hex(), **told})
    else:
        show(told)
    return Exit.DONE if told["disclosures"] or told["refusals"] else Exit.NO


def acts(*, since: date | None, json: bool) -> None:
    """The command `audit acts`: what people and commands did, oldest first."""
    with _reading(settings.load(), "listed acts", WHOLE) as connection:
        found = list(log.since(connection, since))
    if json:
        as_json(found)
        return
    shown = table("number", "when", "by", "act", "about", "detail", right=("number",))
    for one in found[-SHOWN_ACTS:]:
        detail = ", ".join(f"{name} {_brief(value)}" for name, value in one["detail"].items())
        at = one["at"][:19].replace("T", "\u00a0")
        shown.add_row(str(one["number"]), at, one["by"], one["action"], one["about"], detail)
    console.print(shown)
    if len(found) > SHOWN_ACTS:
        console.print(f"and {len(found) - SHOWN_ACTS:,} before these: `kruispunt audit acts --json`")


def _brief(value: Any) -> str:
    """A detail for a person: of a list how long it is."""
    return f"{len(value):,}" if isinstance(value, list) else str(value)


def checkpoints() -> None:
    """The command `audit checkpoints`: those that were published, as JSON lines for whoever verifies alone."""
    config = settings.load()
    with _reading(config, "exported", "the published checkpoints"):
        for line in _published(config):
            sys.stdout.buffer.write(line)
        sys.stdout.flush()


def key(*, json: bool) -> None:
    """The command `audit key`: the public keys, PEM, each with its fingerprint."""
    found = []
    for pem in verifier.PEM.findall(_public(settings.load())):
        (fingerprint,) = verifier.public_keys([pem])
        found.append({"fingerprint": fingerprint, "pem": pem.decode()})
    if json:
        as_json(found)
        return
    for one in found:
        sys.stdout.write(f"# fingerprint {one['fingerprint']}\n{one['pem']}")


def _public(config: Settings) -> bytes:
    try:
        return config.public_keys.read_bytes()
    except OSError as error:
        raise Stop(f"{config.public_keys} cannot be read.", "Run `kruispunt up`.") from error

"""Keeps what Kruispunt delivers to your institution: each record once, in a database of your own.

    python subscriber.py rva.properties rva.sqlite

Records and positions are written in one transaction, so the process may be killed at any moment: nothing is lost,
nothing doubled. It ends with 0 when asked to (SIGTERM, Ctrl-C, --until-idle), 1 when refused, 2 when used wrongly,
3 when nobody answers.
"""

import argparse
import json
import os
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

BATCH = 500
"""Records in one transaction: more is faster, fewer is less to read again after a crash."""
ANSWER_S = 30
"""How long the broker may take to let us in; once in, an outage is waited out."""
ENVELOPE = ("event", "deliberation", "declaration", "version", "status", "quarter", "employer", "person", "replay")
COLUMNS = (*ENVELOPE, "occurred_at", "kind", "content")
REFUSED, WRONG_USE, UNREACHABLE = 1, 2, 3
LOGIN = (
    "The broker refuses the name or the password. Ask for new credentials: after a rotation the old ones are refused."
)
REMEDIES = {
    KafkaError._AUTHENTICATION: LOGIN,
    KafkaError.SASL_AUTHENTICATION_FAILED: LOGIN,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "The broker does not let you read this topic. Is it the one in"
    " your credentials? Then your right to it was withdrawn: ask the exchange. What is stored stays.",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "The broker does not let you read in this group. Its name must begin with"
    " the group.prefix of your credentials.",
    KafkaError._AUTO_OFFSET_RESET: "Records you have not read are no longer on the topic: you fell behind its"
    " retention. Ask the exchange to deliver them once more, then go on with --again: nothing is stored twice.",
    KafkaError._FATAL: "Another copy of this program has taken over. Let only one of them run.",
}
Row = tuple[Any, ...]


class Trouble(Exception):
    """What is wrong and what to do about it, with the exit code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def read_credentials(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The two halves of `kruispunt credentials`: settings for the Kafka client, and notes behind `# `."""
    try:
        lines = [line for line in path.read_text("utf-8").splitlines() if "=" in line]
    except (OSError, ValueError) as error:
        raise Trouble(WRONG_USE, f"{path} cannot be read: {error}. Name the file with your credentials.") from error
    config = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    notes = dict(line.removeprefix("#").strip().split("=", 1) for line in lines if line.startswith("#"))
    needed = {
        "bootstrap.servers",
        "sasl.mechanism",
        "sasl.username",
        "sasl.password",
        "ssl.ca.location",
    } - config.keys()
    needed |= {"topic", "group.prefix", "schema.registry.url"} - notes.keys()
    if needed:
        raise Trouble(WRONG_USE, f"{path} has no line {', '.join(sorted(needed))}. Ask for your credentials again.")
    for authority in filter(None, (config["ssl.ca.location"], notes.get("schema.registry.ssl.ca.location"))):
        if not Path(authority).is_file():
            remedy = "Copy it from the exchange, and correct its path in the credentials."
            raise Trouble(WRONG_USE, f"The certificate of the authority, {authority}, is not there. {remedy}")
    return config, notes


class Store:
    """Your database: here SQLite, so that there is nothing to install."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        self._db.executescript(Path(__file__).with_name("store.sql").read_text("utf-8"))
        self.close = self._db.close

    def forget_positions(self) -> None:
        """Read everything again; the primary key of `record` keeps it from being stored twice."""
        with self._db:
            self._db.execute("delete from position")

    def next(self, topic: str, partition: int) -> int:
        """Where to go on."""
        asked = "select next from position where topic = ? and partition = ?"
        found = self._db.execute(asked, (topic, partition)).fetchone()
        return int(found[0]) if found else OFFSET_BEGINNING

    def keep(self, rows: list[Row], positions: dict[tuple[str, int], int]) -> int:
        """Write records and positions, all or nothing; gives how many records were new."""
        row = f"insert into record ({', '.join(COLUMNS)}) values ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
        position = "insert into position (topic, partition, next) values (?, ?, ?)"
        with self._db:  # one transaction
            before = self._db.total_changes
            self._db.executemany(f"{row} on conflict (event, deliberation) do nothing", rows)
            new = self._db.total_changes - before
            move = f"{position} on conflict (topic, partition) do update set next = excluded.next"
            self._db.executemany(move, [(*place, following) for place, following in positions.items()])
        return new


def opener(notes: dict[str, str]) -> Callable[[Message], Row]:
    """What opens a record with the schema it names, as a row: the envelope in columns, the permitted fields as JSON."""
    authority = notes.get("schema.registry.ssl.ca.location")
    about = {"url": notes["schema.registry.url"]} | ({"ssl.ca.location": authority} if authority else {})
    registry = SchemaRegistryClient(about)
    # Said outright: left to itself it first asks the registry for associations, which only one make of registry has.
    decode = AvroDeserializer(registry, conf={"subject.name.strategy": topic_subject_name_strategy})

    @cache  # a new version of a schema has a new number, so what is known never changes
    def kind(number: int) -> str:
        try:
            return str(json.loads(registry.get_schema(number).schema_str or "")["name"])
        except Exception as error:
            remedy = "Can this machine reach schema.registry.url? Start again: reading goes on where it stopped."
            raise Trouble(UNREACHABLE, f"The schema registry does not give schema {number}. {remedy}") from error

    def row(message: Message) -> Row:
        value, topic = message.value() or b"", str(message.topic())
        name = kind(int.from_bytes(value[1:5], "big"))
        try:
            record: Any = decode(value, SerializationContext(topic, MessageField.VALUE))
        except Exception as error:
            place = f"{topic}[{message.partition()}]@{message.offset()}"
            raise Trouble(REFUSED, f"{place} cannot be read. Nothing was skipped; tell the exchange.") from error
        content = {field: record[field] for field in record if field not in {*ENVELOPE, "occurred_at", "trace_parent"}}
        moment = record["occurred_at"].isoformat()
        return (*(record[field] for field in ENVELOPE), moment, name, json.dumps(content, default=str))

    return row


def judge(error: KafkaError) -> None:
    """Raise what does not pass by itself. The rest the client library tries again."""
    if error.code() in REMEDIES:
        raise Trouble(REFUSED, REMEDIES[error.code()])
    if "certificate verify failed" in error.str():
        raise Trouble(REFUSED, "The broker is not certified by your authority. Is ssl.ca.location the newest one?")
    if error.code() == KafkaError._ALL_BROKERS_DOWN:
        print("waiting: no broker answers", file=sys.stderr)


def subscribe(credentials: Path, database: Path, *, until_idle: float, again: bool) -> None:
    """Read until asked to stop."""
    config, notes = read_credentials(credentials)
    name = f"{notes['group.prefix']}subscriber"
    errors: list[KafkaError] = []
    settings: dict[str, Any] = config | {
        "group.id": name,
        "group.instance.id": name,  # after a crash we have our place back at once, not after the session ends
        "isolation.level": "read_committed",  # what was never committed was never delivered
        "enable.auto.commit": False,  # the position is in our database, nowhere else
        "auto.offset.reset": "error",  # a gap is told, never jumped over
        "error_cb": errors.append,
        "log_level": 0,  # every error comes to us; no need to print it twice
    }
    try:
        consumer = Consumer(settings)
    except KafkaException as error:
        raise Trouble(WRONG_USE, f"The credentials cannot be used: {error.args[0].str()}. Correct them.") from error
    stopping = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stopping.set())
    let_in, quiet_since = False, time.monotonic()

    def go_on(consumer: Consumer, given: list[TopicPartition]) -> None:
        nonlocal let_in, quiet_since
        let_in, quiet_since = True, time.monotonic()
        print(f"reading {notes['topic']}", file=sys.stderr)
        for one in given:
            one.offset = store.next(one.topic, one.partition)
        consumer.assign(given)

    with closing(Store(database)) as store, closing(consumer):
        if again:
            store.forget_positions()
        row = opener(notes)
        consumer.subscribe([notes["topic"]], on_assign=go_on)
        while not stopping.is_set():
            # 1. Take what has come.
            taken = consumer.consume(BATCH, timeout=1)
            heard, errors[:] = [*errors, *(found for one in taken if (found := one.error()))], []
            for problem in heard:
                judge(problem)
            messages = [one for one in taken if not one.error()]
            if messages:
                # 2. Open it.
                rows = [row(message) for message in messages]
                places = {(str(one.topic()), int(one.partition() or 0)): int(one.offset() or 0) + 1 for one in messages}
                # 3. Records and positions in one transaction. A crash before it: we read again. After it: we go on.
                new = store.keep(rows, places)
                counts = Counter(record[COLUMNS.index("status")] for record in rows)
                counts["replayed"] = sum(record[COLUMNS.index("replay")] for record in rows)
                counts["seen before"] = len(rows) - new
                print(f"stored {new}:", ", ".join(f"{n} {what}" for what, n in counts.items() if n), flush=True)
            if messages or (heard and let_in):  # an outage is not silence
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > (until_idle if let_in else ANSWER_S):
                if let_in:
                    break
                raise Trouble(UNREACHABLE, f"{config['bootstrap.servers']} does not answer. Is the way there open?")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("credentials", type=Path, help="the output of `kruispunt credentials`, in a file")
    parser.add_argument("database", type=Path, help="an SQLite file; made when it is not there")
    parser.add_argument("--until-idle", type=float, default=float("inf"), metavar="SECONDS", help="then end")
    parser.add_argument("--again", action="store_true", help="read the topic from its beginning")
    chosen = parser.parse_args()
    os.umask(0o077)  # personal data: for the eyes of this user only
    try:
        subscribe(chosen.credentials, chosen.database, until_idle=chosen.until_idle, again=chosen.again)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return trouble.code
    except sqlite3.Error as error:
        print(f"The database refuses: {error}. Nothing of this batch is kept; it will be read again.", file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())

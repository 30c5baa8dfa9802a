"""Verifies the disclosure log of Kruispunt: finds every change, deletion, insertion and reordering, and says where.

An auditor runs this file alone. It needs Python 3.11 or newer, psycopg, fastavro and cryptography, and nothing of
Kruispunt; the formats it goes by are written down in docs/audit.md.

    PGPASSFILE=… python verifier.py --dsn "host=… user=auditor dbname=kruispunt" --key signing-keys.pem
        [--checkpoints published.jsonl] [--age 900] [--json]

A checkpoint that is in the database counts only when it is signed with one of the keys, which come from elsewhere.
`--checkpoints` are those that were published (`kruispunt audit checkpoints`), exported before this is run: with them
even a database that was set back as a whole is found. Everything is read in one snapshot and streamed.

Exit codes: 0 the log is whole, 1 it is not, 2 wrong use, 3 the database cannot be reached.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import fastavro
import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from psycopg import Connection, IsolationLevel

BEGINNING = bytes(32)
AGE = timedelta(minutes=15)
"""What is newer may still wait to be signed, or to be published."""
FETCH = 5_000
STEP = 200
HEADS = 1_000
ACTS, CHECKPOINTS, CONTRACTS = "acts", "checkpoints", "contracts"
PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----\s*", re.DOTALL)
TEXT = re.compile(
    r"kruispunt checkpoint\nnumber (?P<number>\d+)\nat (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z\n"
    r"(?P<heads>(?:head (?:\d+|acts) \d+ [0-9a-f]{64}\n)*)"
    r"previous (?P<previous>[0-9a-f]{64})\nkey (?P<key>[0-9a-f]{64})\n",
    re.ASCII,
)
SEGMENTS = """
select partition, number, at, exchanged, refused, contract, body, previous, hash
from audit.segment order by partition, number
"""
DERIVED = {
    "disclosure": """
        select partition, number, event, person, recipient, deliberation, contract, replay from audit.disclosure""",
    "refusal": "select partition, number, recipient, reason, events from audit.refusal",
    "refused": "select partition, number, person from audit.refused",
}
"""The tables that are derived from the segments; each row is in a body, and each entry of a body is a row."""
AT = """
select w.partition, w.number, s.hash from unnest(%s::int[], %s::bigint[]) w (partition, number)
join audit.segment s on s.partition = w.partition and s.number = w.number
"""
UNSIGNED = {
    True: "select line::jsonb ->> 'at' from audit.act where number > %s order by number limit 1",
    False: "select at::text from audit.segment where number > %s and partition = %s order by number limit 1",
}
KINDS = {ACTS: "acts, act", CHECKPOINTS: "checkpoint", CONTRACTS: "schema"}


class WrongUse(Exception):
    """What was given cannot be used."""


class Discrepancy(NamedTuple):
    """A place in the log that differs from what was written: its chain, its number, and how it differs."""

    chain: str
    number: int
    what: str

    @property
    def place(self) -> str:
        """Where, for people."""
        return f"{KINDS.get(self.chain) or f'chain {self.chain}, segment'} {self.number}"

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


class Checkpoint(NamedTuple):
    """A checkpoint as it is kept or was published; `text` is what is signed."""

    number: int
    text: str
    signature: bytes


@dataclass
class VerificationReport:
    """The result so far. `tell` gets each discrepancy immediately; `ends` are the last numbers of the chains."""

    tell: Callable[[Discrepancy], None]
    step: Callable[[int, int], None]
    total: int = 0
    findings: int = 0
    checked: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)

    def discrepancy(self, chain: str, number: int, what: str) -> None:
        """Tell of a place that is not as it was written."""
        self.findings += 1
        self.tell(Discrepancy(chain, number, what))

    def count(self, kind: str, number: int = 1) -> None:
        """Count what was checked, and report progress."""
        self.checked[kind] += number
        done = self.checked["segments"] + self.checked["acts"] + self.checked["checkpoints"]
        if done % STEP == 0 or done == self.total:
            self.step(done, self.total)


def public_keys(pems: Iterable[bytes]) -> dict[str, Ed25519PublicKey]:
    """Keys by fingerprint (SHA-256 of the DER form), from texts that may hold several each.

    Raises WrongUse when there is none, or one of another kind.
    """
    keys = {}
    for pem in (block for text in pems for block in PEM.findall(text)):
        try:
            key = load_pem_public_key(pem)
        except ValueError as error:
            raise WrongUse("A public key cannot be read.") from error
        if not isinstance(key, Ed25519PublicKey):
            raise WrongUse("A public key is not an Ed25519 key.")
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        keys[hashlib.sha256(der).hexdigest()] = key
    if not keys:
        raise WrongUse("There is no public key to verify with.")
    return keys


def published_in(lines: Iterable[bytes]) -> Iterator[Checkpoint]:
    """The checkpoints in JSON lines: number, text, signature (hexadecimal).

    Raises WrongUse.
    """
    for number, line in enumerate(lines, 1):
        try:
            checkpoint = json.loads(line)
            yield Checkpoint(int(checkpoint["number"]), str(checkpoint["text"]), bytes.fromhex(checkpoint["signature"]))
        except (ValueError, KeyError, TypeError) as error:
            raise WrongUse(f"Line {number} of the checkpoints is not a checkpoint.") from error


def verify(
    connection: Connection[Any],
    keys: dict[str, Ed25519PublicKey],
    published: Iterable[Checkpoint] | None = None,
    *,
    age: timedelta = AGE,
    tell: Callable[[Discrepancy], None] = print,
    step: Callable[[int, int], None] = lambda _done, _total: None,
) -> VerificationReport:
    """Verify everything in one snapshot; the connection is in no transaction.

    Without `published` nothing is said about what left the database. Raises WrongUse, psycopg.Error.
    """
    connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
    report = VerificationReport(tell, step)
    with connection.transaction():
        (report.total, now) = connection.execute(
            "select (select count(*) from audit.segment) + (select count(*) from audit.act)"
            " + (select count(*) from audit.checkpoint), now()"
        ).fetchone() or (0, datetime.now(UTC))
        _segments(connection, report)
        _acts(connection, report)
        _Checkpoints(connection, keys, report, now - age, published).check()
    return report


def _streamed(connection: Connection[Any], name: str, query: str, fetch: int = FETCH) -> Iterator[Any]:
    """The rows of a query, some at a time."""
    with connection.cursor(name=name, binary=True) as cursor:
        cursor.itersize = fetch
        cursor.execute(query.encode())
        yield from cursor


# The chains of segments, and what is derived from them.


def _contracts(connection: Connection[Any], report: VerificationReport) -> dict[int, Any]:
    """Every stored schema whose number is right, ready to decode with."""
    contracts = {}
    for number, text in connection.execute("select number, schema from audit.contract order by number"):
        if int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1 != number:
            report.discrepancy(CONTRACTS, number, "its text is not the one its number stands for")
            continue
        contracts[number] = fastavro.parse_schema(json.loads(text), named_schemas={})
        report.count("schemas")
    return contracts


class _Rows:
    """The rows of a derived table in the order of the segments."""

    def __init__(self, connection: Connection[Any], table: str) -> None:
        self.table = table
        self._rows = _streamed(connection, table, f"{DERIVED[table]} order by partition, number")
        self._next = next(self._rows, None)

    def of(self, segment: tuple[int, int]) -> Iterator[tuple[Any, ...]]:
        while self._next and self._next[:2] == segment:
            yield self._next[2:]
            self._next = next(self._rows, None)

    def before(self, segment: tuple[int, int] | None, report: VerificationReport) -> None:
        """Rows of a segment that is not there."""
        while self._next and (segment is None or self._next[:2] < segment):
            where = self._next[0], self._next[1]
            count = sum(1 for _ in self.of(where))
            what = f"audit.{self.table} has {count} rows of it, and it is not there"
            report.discrepancy(str(where[0]), where[1], what)


def _decoded(body: bytes, schema: Any) -> Any:
    stream = BytesIO(body)
    record = fastavro.schemaless_reader(stream, schema, None)
    if stream.read(1):
        raise ValueError("bytes are left over")
    return record


def _entries(record: dict[str, Any]) -> dict[str, Counter[Any]]:
    """The rows that follow from the body of a segment, by table."""
    disclosures, refusals = record["disclosures"], record["refusals"]
    events = Counter((refusal["recipient"], refusal["reason"]) for refusal in refusals)
    for count in record.get("counted", ()):
        events[count["recipient"], count["reason"]] += count["events"]
    disclosed_to = {disclosure["person"] for disclosure in disclosures}
    replay = record.get("replay", False)
    return {
        "disclosure": Counter(
            (
                disclosure["event"],
                disclosure["person"],
                disclosure["recipient"],
                disclosure["deliberation"],
                disclosure["contract"],
                replay,
            )
            for disclosure in disclosures
        ),
        "refusal": Counter((*key, number) for key, number in events.items()),
        "refused": Counter((person,) for person in {refusal["person"] for refusal in refusals} - disclosed_to),
    }


def _example(rows: Iterable[tuple[Any, ...]]) -> str:
    row = next(iter(rows))
    return " ".join(value.hex() if isinstance(value, bytes) else str(value) for value in row)


def _compare(rows: Iterable[tuple[Any, ...]], expected: Counter[Any], table: str) -> Iterator[str]:
    """What differs between the rows of a segment and its body."""
    surplus, first = 0, None
    for row in rows:
        if expected[row] > 0:
            expected[row] -= 1
        else:
            surplus, first = surplus + 1, first or row
    if first:
        yield f"audit.{table} has {surplus} rows that are not in it, as {_example([first])}"
    if missing := expected.total():
        yield f"audit.{table} lacks {missing} rows that are in it, as {_example((+expected).keys())}"


def _segments(connection: Connection[Any], report: VerificationReport) -> None:
    contracts = _contracts(connection, report)
    named: set[int] = set()
    tables = [_Rows(connection, table) for table in DERIVED]
    chain, following, before = -1, 1, BEGINNING
    rows_of_segments = _streamed(connection, "segments", SEGMENTS, fetch=20)
    for partition, number, at, exchanged, refused, contract, body, previous, kept in rows_of_segments:
        if partition != chain:
            chain, following, before = partition, 1, BEGINNING
        head = f"{partition}:{number}:{contract}:".encode()
        faults = list(_link(report, str(partition), following, number, before, previous, kept, head + body))
        if number >= following:
            following, before = number + 1, kept
        named.add(contract)
        try:
            record = _decoded(body, contracts[contract])
            entries = _entries(record)
        except Exception:  # noqa: BLE001 - whatever the bytes are, they are no record
            faults.append(f"its body is not a record of schema {contract}")
            record, entries = None, {}
        if record and (at, exchanged, refused) != (record["at"], record["exchanged"], len(record["refusals"])):
            faults.append("its columns at, exchanged or refused are not what its body says")
        for rows in tables:
            rows.before((partition, number), report)
            if record:
                named.update({key[4] for key in entries[rows.table]} if rows.table == "disclosure" else ())
                report.checked[f"{rows.table} rows"] += entries[rows.table].total()
                faults += _compare(rows.of((partition, number)), entries[rows.table], rows.table)
            else:
                sum(1 for _ in rows.of((partition, number)))
        if faults:
            report.discrepancy(str(partition), number, "; ".join(faults))
        report.ends[str(partition)] = number
        report.count("segments")
    for rows in tables:
        rows.before(None, report)
    for number in sorted(named - contracts.keys()):
        report.discrepancy(CONTRACTS, number, "is named in the log, and its text is not kept")
    for number in sorted(contracts.keys() - named):
        report.discrepancy(CONTRACTS, number, "is kept, and nothing in the log names it")


def _link(
    report: VerificationReport,
    chain: str,
    following: int,
    number: int,
    before: bytes,
    previous: bytes,
    kept: bytes,
    content: bytes,
) -> Iterator[str]:
    """What is wrong with a link; a gap before it is reported separately."""
    if number < 1:
        yield "its number is not a valid one"
    elif number > following:
        more = "" if number == following + 1 else f", and so is all up to {number - 1}"
        report.discrepancy(chain, following, f"is missing{more}")
    elif previous != before:
        yield f"does not follow what stands before it ({number - 1})"
    if hashlib.sha256(previous + content).digest() != kept:
        yield "its hash is not that of its content"


def _acts(connection: Connection[Any], report: VerificationReport) -> None:
    following, before = 1, BEGINNING
    query = "select number, line, previous, hash from audit.act order by number"
    for number, line, previous, kept in _streamed(connection, "acts", query):
        faults = list(_link(report, ACTS, following, number, before, previous, kept, line.encode()))
        try:
            said = json.loads(line)["number"]
        except (ValueError, KeyError, TypeError):
            said = None
        if said != number:
            faults.append("its line is that of another number")
        if faults:
            report.discrepancy(ACTS, number, "; ".join(faults))
        if number >= following:
            following, before = number + 1, kept
        report.ends[ACTS] = number
        report.count("acts")


# The checkpoints, kept and published, against each other and against the chains.


class _Checkpoints:
    """Checks every checkpoint in order; `fresh_since` is the moment since when things may still be on their way."""

    def __init__(
        self, connection: Connection[Any], keys: dict[str, Ed25519PublicKey], report: VerificationReport,
        fresh_since: datetime, published: Iterable[Checkpoint] | None,
    ) -> None:  # fmt: skip
        self._connection, self._keys, self._report, self._fresh_since = connection, keys, report, fresh_since
        self._given = published is not None
        self._published = self._once(published or ())
        self._before = {BEGINNING}
        self._last_heads: dict[str, tuple[int, str]] = {}
        self._waiting: list[tuple[str, int, str, int]] = []
        self._signed: dict[str, int] = {}
        self._newest: datetime | None = None

    def _once(self, published: Iterable[Checkpoint]) -> Iterator[Checkpoint]:
        """Those that were published, in order; a number that comes again was signed by a database set back."""
        last = 0
        for checkpoint in published:
            if checkpoint.number > last:
                last = checkpoint.number
                yield checkpoint
            else:
                what = "was published again after others: the database was set back to before it"
                self._report.discrepancy(CHECKPOINTS, checkpoint.number, what)
                # The database was restored to a state that was signed as well.
                if (read := TEXT.fullmatch(checkpoint.text)) and self._genuine(read["key"], checkpoint):
                    self._heads(checkpoint)

    def check(self) -> None:
        query = "select number, text, signature from audit.checkpoint order by number"
        kept_checkpoints = (Checkpoint(*row) for row in _streamed(self._connection, "checkpoints", query))
        published_checkpoints = self._published
        kept, published = next(kept_checkpoints, None), next(published_checkpoints, None)
        following, first_published = 1, published.number if published else 0
        while checkpoint := min((c for c in (kept, published) if c), key=lambda c: c.number, default=None):
            number = checkpoint.number
            here, there = (c if c and c.number == number else None for c in (kept, published))
            if number > following and not (following == 1 and here is None):
                self._report.discrepancy(CHECKPOINTS, following, f"is missing, and so is all up to {number - 1}")
            before, after = number < first_published, published is not None
            self._pair(number, here, there, published_before=before, published_after=after)
            following = number + 1
            if here:
                kept = next(kept_checkpoints, None)
                self._report.count("checkpoints")
            if there:
                published = next(published_checkpoints, None)
                self._report.checked["published checkpoints"] += 1
        self._look_up()
        self._unsigned()

    def _pair(
        self, number: int, here: Checkpoint | None, there: Checkpoint | None, *,
        published_before: bool, published_after: bool,
    ) -> None:  # fmt: skip
        if here and there and here != there:
            self._report.discrepancy(CHECKPOINTS, number, "is not the one that was published")
        if there and not here:
            self._report.discrepancy(CHECKPOINTS, number, "was published and is not in the database")
        # What is the same in both places is looked at once.
        looked_at = ((here, "kept"), (there if there != here else None, "published"))
        moments = [self._alone(checkpoint, whose) for checkpoint, whose in looked_at if checkpoint]
        ats = [at for at in moments if at]
        if here and not there and self._given and not published_before:
            if published_after or not ats or ats[0] < self._fresh_since:
                self._report.discrepancy(CHECKPOINTS, number, "was never published")
            else:
                self._report.notes.append(f"checkpoint {number} is not published yet")
        self._before = {hashlib.sha256(either.text.encode()).digest() for either in (here, there) if either}

    def _alone(self, checkpoint: Checkpoint, whose: str) -> datetime | None:
        """Check a checkpoint on its own; returns its moment when its signature is valid."""
        faults = []
        read = TEXT.fullmatch(checkpoint.text)
        if not read:
            what = f"its text, as {whose}, is not that of a checkpoint"
            self._report.discrepancy(CHECKPOINTS, checkpoint.number, what)
            return None
        genuine = self._genuine(read["key"], checkpoint)
        if genuine is None:
            faults.append(f"is signed with a key that was not given ({read['key'][:16]}…)")
        elif not genuine:
            faults.append("its signature is not that of its text")
        if int(read["number"]) != checkpoint.number:
            faults.append("its text is that of another number")
        if bytes.fromhex(read["previous"]) not in self._before:
            faults.append("does not follow the checkpoint before it")
        if faults:
            self._report.discrepancy(CHECKPOINTS, checkpoint.number, f"as {whose}: {'; '.join(faults)}")
        if not genuine:
            return None
        self._heads(checkpoint)
        self._newest = datetime.fromisoformat(read["at"]).replace(tzinfo=UTC)
        return self._newest

    def _genuine(self, key: str, checkpoint: Checkpoint) -> bool | None:
        if key not in self._keys:
            return None
        try:
            self._keys[key].verify(checkpoint.signature, checkpoint.text.encode())
        except InvalidSignature:
            return False
        return True

    def _heads(self, checkpoint: Checkpoint) -> None:
        """Note the heads that are new since the checkpoint before: they are looked up a thousand at a time."""
        for line in checkpoint.text.splitlines():
            if line.startswith("head "):
                _, chain, number, kept = line.split(" ")
                if self._last_heads.get(chain) != (int(number), kept):
                    self._last_heads[chain] = (int(number), kept)
                    self._waiting.append((chain, int(number), kept, checkpoint.number))
                    self._signed[chain] = max(self._signed.get(chain, 0), int(number))
        if len(self._waiting) >= HEADS:
            self._look_up()

    def _look_up(self) -> None:
        partitions = [(int(chain), number) for chain, number, _, _ in self._waiting if chain != ACTS]
        acts = [number for chain, number, _, _ in self._waiting if chain == ACTS]
        there = {(ACTS, number): kept for number, kept in self._connection.execute(
            "select number, hash from audit.act where number = any(%s)", (acts,))}  # fmt: skip
        at = ([partition for partition, _ in partitions], [number for _, number in partitions])
        there |= {(str(chain), number): kept for chain, number, kept in self._connection.execute(AT, at)}
        for chain, number, signed, checkpoint in self._waiting:
            kept = there.get((chain, number))
            if kept is None:
                what = f"is not there, though checkpoint {checkpoint} signs it as the last of its chain"
                self._report.discrepancy(chain, number, what)
            elif kept.hex() != signed:
                what = f"is not what checkpoint {checkpoint} signs: its hash is another"
                self._report.discrepancy(chain, number, what)
        self._waiting.clear()

    def _unsigned(self) -> None:
        """Reports what follows the last signed head: a note while it is recent, a discrepancy when it is old."""
        for chain, end in self._report.ends.items():
            signed = self._signed.get(chain, 0)
            if end <= signed:
                continue
            about = (signed,) if chain == ACTS else (signed, int(chain))
            (text,) = self._connection.execute(UNSIGNED[chain == ACTS], about).fetchone() or ("",)
            try:
                old = datetime.fromisoformat(text) < self._fresh_since
            except (ValueError, TypeError):
                old = True
            to = f" to {end}" if end > signed + 1 else ""
            if old and (self._newest is None or self._newest < self._fresh_since):
                what = f"is not signed, though it is long there{to and f'; all{to}'}"
                self._report.discrepancy(chain, signed + 1, what)
            else:
                self._report.notes.append(f"{Discrepancy(chain, signed + 1, '').place}{to}: not yet signed")


# What people and programs read.


class VerifierOutput:
    """Writes findings as they come: lines, or one JSON document."""

    def __init__(self, *, as_json: bool, write: Callable[[str], Any]) -> None:
        self._json, self._write, self._begun = as_json, write, False

    def tell(self, discrepancy: Discrepancy) -> None:
        """Write one finding."""
        if not self._json:
            self._write(f"{discrepancy}\n")
            return
        chain, number, what = discrepancy
        document = json.dumps({"chain": chain, "number": number, "place": discrepancy.place, "what": what})
        self._write(("," if self._begun else '{"findings": [') + f"\n  {document}")
        self._begun = True

    def end(self, report: VerificationReport) -> int:
        """Write the end; returns the exit code."""
        if self._json:
            rest = {"notes": report.notes, "checked": report.checked, "whole": not report.findings}
            self._write(("\n]" if self._begun else '{"findings": []') + ", " + json.dumps(rest)[1:] + "\n")
        else:
            counts = ", ".join(f"{number:,} {kind}" for kind, number in report.checked.items())
            verdict = f"{report.findings:,} places are not as they were written" if report.findings else "whole"
            self._write("".join(f"note: {note}\n" for note in report.notes) + f"checked: {counts or 'nothing'}\n")
            self._write(f"the log is {verdict}\n" if not report.findings else f"{verdict}\n")
        return 1 if report.findings else 0


def main(arguments: list[str] | None = None) -> int:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--dsn", required=True, help="where the log is; the password stays in PGPASSWORD or a passfile")
    parser.add_argument("--key", required=True, action="append", type=Path, help="public keys, PEM; several times")
    parser.add_argument("--checkpoints", type=Path, help="those that were published, JSON lines")
    parser.add_argument("--age", type=float, default=AGE.total_seconds(), help="seconds after which all must be signed")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    given = parser.parse_args(arguments)
    answer = VerifierOutput(as_json=given.json, write=sys.stdout.write)
    try:
        keys = public_keys(path.read_bytes() for path in given.key)
        lines = given.checkpoints.open("rb") if given.checkpoints else None
        published = published_in(lines) if lines else None
        with psycopg.connect(given.dsn, autocommit=True) as connection:
            report = verify(connection, keys, published, age=timedelta(seconds=given.age), tell=answer.tell)
    except (WrongUse, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except psycopg.Error as error:
        # Without a code the client itself speaks: it came to no connection, or lost it. A row is never quoted.
        if error.sqlstate is None or error.sqlstate.startswith(("08", "57P")):
            sys.stderr.write(f"the database cannot be reached: {error}\n")
            return 3
        passes = isinstance(error, psycopg.OperationalError)
        advice = "try again" if passes else "is this the database of the log, and may this user read it?"
        sys.stderr.write(f"the database refuses ({type(error).__name__}, {error.sqlstate}): {advice}\n")
        return 3 if passes else 2
    return answer.end(report)


if __name__ == "__main__":
    sys.exit(main())

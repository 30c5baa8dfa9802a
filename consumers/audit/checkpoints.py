"""Signs the heads of all chains; each checkpoint is chained to the previous one and leaves by the outbox."""

import hashlib
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from psycopg import Connection, Cursor

from backbone.errors import Retry, Stop
from backbone.postgres import try_to_hold
from backbone.trouble import of_postgres
from consumers.audit.hash_chain import BEGINNING
from schemas.codec import encode
from schemas.contracts import contract
from schemas.locks import StageLock
from schemas.topics import CHECKPOINTS
from schemas.twins.audit_checkpoints import Checkpoint as CheckpointRecord

ACTS = "acts"
"""The name of the chain of acts; the others are named after their partition."""

# One statement is one snapshot: a concurrent write is in all of it or in none of it.
HEADS = """
with recursive chain (partition) as (
    select min(partition) from audit.segment
    union all
    select (select min(partition) from audit.segment where partition > chain.partition)
    from chain where chain.partition is not null
)
select chain.partition::text, last.number, last.hash
from chain cross join lateral (
    select number, hash from audit.segment where partition = chain.partition order by number desc limit 1
) last
union all (select 'acts', number, hash from audit.act order by number desc limit 1)
"""
LAST = """
select clock_timestamp(), last.number, last.text
from (select) now left join (select number, text from audit.checkpoint order by number desc limit 1) last on true
"""
KEEP = "insert into audit.checkpoint (number, text, signature) values (%s, %s, %s)"
LOOK_S = 1.0
"""How often to look whether there is anything to sign, while there is not."""
PUBLISH = "insert into audit.outbox (topic, key, value) values (%s, %s, %s)"


class Head(NamedTuple):
    """The last link of a chain."""

    chain: str
    number: int
    hash: bytes

    def __str__(self) -> str:
        return f"head {self.chain} {self.number} {self.hash.hex()}\n"


class Signer:
    """Signs with the private key of the log. `fingerprint` is the SHA-256 of the public key (DER), hexadecimal.

    Raises Stop when the PEM holds no such key.
    """

    def __init__(self, pem: bytes) -> None:
        try:
            key = load_pem_private_key(pem, None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise Stop(
                "The signing key is not an Ed25519 key.", "Put one there, or move it away and run `kruispunt up`."
            )
        self._key = key
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.fingerprint = hashlib.sha256(public).hexdigest()

    def sign(self, text: str) -> bytes:
        """Ed25519 over the text."""
        return self._key.sign(text.encode())


def written(number: int, at: datetime, heads: Iterable[Head], previous: bytes, key: str) -> str:
    """The text of a checkpoint: what is signed."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    head = f"kruispunt checkpoint\nnumber {number}\nat {moment}Z\n"
    return f"{head}{''.join(map(str, heads))}previous {previous.hex()}\nkey {key}\n"


def _heads(text: str) -> list[str]:
    """The lines with heads of a checkpoint's text."""
    return [line for line in text.splitlines(keepends=True) if line.startswith("head ")]


def _sign(cursor: Cursor[Any], signer: Signer) -> bool:
    # 1. The holder of the lock signs; it is released with the transaction, so the next holder sees this checkpoint.
    if not try_to_hold(cursor, StageLock.CHECKPOINT):
        return False
    # 2. Read where the chains end, and what was signed last.
    heads = [Head(*row) for row in cursor.execute(HEADS)]
    heads.sort(key=lambda head: (head.chain == ACTS, int(head.chain) if head.chain != ACTS else 0))
    now, last, before = cursor.execute(LAST).fetchone() or (None, None, None)
    if not heads or _heads(before or "") == [str(head) for head in heads]:
        return False
    # 3. Write the row and the record that leaves this database.
    number = (last or 0) + 1
    previous = hashlib.sha256(before.encode()).digest() if before else BEGINNING
    text = written(number, now or datetime.now(UTC), heads, previous, signer.fingerprint)
    signature = signer.sign(text)
    cursor.execute(KEEP, (number, text, signature))
    record: CheckpointRecord = {"number": number, "text": text, "signature": signature}
    cursor.execute(PUBLISH, (CHECKPOINTS, str(number).encode(), encode(contract(CHECKPOINTS), record)))
    return True


def checkpoint(connection: Connection[Any], signer: Signer) -> bool:
    """Sign where the chains are now; False when nothing was added, or another process is signing.

    Raises Retry when something passing is in the way, Stop when this database has no such tables.
    """
    try:
        with connection.transaction(), connection.cursor() as cursor:
            return _sign(cursor, signer)
    except psycopg.errors.UniqueViolation as error:
        raise Retry("Another process was faster.") from error
    except psycopg.Error as error:
        raise of_postgres(error) from None


class Checkpoints:
    """Signs every so many seconds at most, and at the end."""

    def __init__(self, signer: Signer, every: float) -> None:
        self._signer = signer
        self._every = every
        self._due = 0.0

    def __call__(self, connection: Connection[Any], *, ending: bool) -> None:
        """Sign when it is time.

        Raises Retry, Stop.
        """
        if ending or time.monotonic() >= self._due:
            signed = checkpoint(connection, self._signer)
            self._due = time.monotonic() + (self._every if signed else min(self._every, LOOK_S))

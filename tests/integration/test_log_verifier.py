"""Whatever a superuser of the database changes in the log is found, with its place; what nobody touched is whole."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Message
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from psycopg import Connection, sql

from backbone import postgres
from backbone.errors import Reject
from backbone.settings import Settings
from backbone.stack.postgres import SUPERUSER
from consumers import acts
from consumers.audit import store, verifier
from consumers.audit.catch_up import catch_up
from consumers.audit.checkpoints import Checkpoints, Signer, checkpoint
from consumers.audit.contracts import Contracts
from consumers.audit.log_lookup import look_up
from consumers.audit.person_report import report
from consumers.audit.verifier import Checkpoint, Discrepancy
from consumers.deliberations import load
from consumers.deliberations import store as kept
from consumers.narrowing.access import NOT_IN_PERIOD, NOT_INTEGRATED
from consumers.narrowing.projection import projections
from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.identifiers import derive
from schemas.locks import StageLock
from schemas.registry import SchemaBook
from schemas.topics import DISCLOSURES

ORIGINAL = "log_untouched"
CHAINS, SEGMENTS, PERSONS = 3, 12, 6
OTHER_KEY = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
ONLY_REFUSED = bytes([99]) * 16
Place = tuple[str, int]


@dataclass(frozen=True)
class Log:
    """A log in a database of its own, and the checkpoints that left it."""

    settings: Settings
    database: str
    published: tuple[Checkpoint, ...]

    @property
    def keys(self) -> dict[str, Any]:
        return verifier.public_keys([self.settings.public_keys.read_bytes()])

    def superuser(self) -> Connection[Any]:
        return postgres.connect(self.settings, SUPERUSER, self.database)

    def verified(self, **how: Any) -> tuple[list[Discrepancy], verifier.VerificationReport]:
        found: list[Discrepancy] = []
        given = {"published": self.published} | how
        with postgres.connect(self.settings, "auditor", self.database) as connection:
            report = verifier.verify(connection, self.keys, tell=found.append, **given)
        assert report.findings == len(found)
        return found, report

    def places(self, **how: Any) -> set[Place]:
        return {(one.chain, one.number) for one in self.verified(**how)[0]}


@cache
def book() -> SchemaBook:
    """The schemas an exchange has published."""
    made = SchemaBook()
    for projection in projections(load()):
        made.add(projection.contract)
    return made


def record(chain: int, segment: int) -> dict[str, Any]:
    """What an exchange did with some events; every third segment refuses somebody about whom it discloses nothing."""
    copies = [
        {
            "event": derive(str(chain), str(segment), str(person)),
            "person": bytes([chain, person]) * 8,
            "recipient": one.recipient,
            "deliberation": one.deliberation,
            "contract": one.contract.id,
        }
        for person in range(PERSONS)
        for one in projections(load())[person : person + 2]
    ]
    refusals = [
        {"event": copies[0]["event"], "person": copies[0]["person"], "recipient": "nic", "reason": NOT_IN_PERIOD}
    ]
    if segment % 3 == 0:
        event = derive(str(chain), str(segment), "refused")
        refusals.append({"event": event, "person": ONLY_REFUSED, "recipient": "rva", "reason": NOT_INTEGRATED})
    return {
        "at": datetime(2026, 11, 24, 9, chain, segment, 125_000, tzinfo=UTC),
        "exchanged": PERSONS, "disclosures": copies, "refusals": refusals, "replay": segment == 7, "revision": 1,
        "counted": [{"recipient": "fin", "reason": "not authorised", "events": 4}],
    }  # fmt: skip


def keep(connection: Connection[Any], numbers: range) -> None:
    """Keep records as the audit process does."""
    contracts = Contracts(book())
    for segment in numbers:
        values = [encode(contract(DISCLOSURES), record(chain, segment)) for chain in range(CHAINS)]
        messages = [
            Message(topic=DISCLOSURES, partition=chain, offset=segment, value=value)
            for chain, value in enumerate(values)
        ]
        with connection.transaction(), connection.cursor() as cursor:
            found = store.segments(cursor, messages, book())
            contracts.keep(cursor, store.named(found))
            store.write(cursor, found)


def do(settings: Settings, database: str, what: str) -> None:
    with postgres.connect(settings, "operator", database) as connection:
        acts.note(connection, "did", what)


def sign(settings: Settings, database: str, pem: bytes | None = None) -> bool:
    with postgres.connect(settings, "audit", database, autocommit=True) as connection:
        return checkpoint(connection, Signer(pem or settings.signing_key()))


def outbox(connection: Connection[Any]) -> tuple[Checkpoint, ...]:
    """What the relay publishes."""
    rows = connection.execute("select value from audit.outbox order by tx, id")
    found = [decode_body(contract("audit.checkpoints"), split(value)[1]) for (value,) in rows]
    return tuple(Checkpoint(**one) for one in found)


@contextmanager
def database(settings: Settings, name: str, template: str = "template1") -> Iterator[str]:
    this, model = sql.Identifier(name), sql.Identifier(template)
    with postgres.connect(settings, SUPERUSER, "postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template {} owner owner").format(this, model))
        try:
            yield name
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(this))


@pytest.fixture(scope="module")
def log(servers: Settings) -> Iterator[Log]:
    """A log that grew as logs do: records, acts, a checkpoint after every fourth record; in the end all is signed."""
    with database(servers, ORIGINAL) as name:
        with postgres.connect(servers, "owner", name) as connection:
            postgres.migrate(connection, files("backbone") / "sql" / "locks")
            connection.execute((files("kruispunt") / "sql" / "access" / "001_locks.sql").read_bytes())
            for schema in ("deliberations", "audit"):
                postgres.migrate(connection, files("consumers") / "sql" / schema)
        with postgres.connect(servers, "audit", name, autocommit=True) as connection:
            for first in range(1, SEGMENTS, 4):
                do(servers, name, f"something before {first}")
                keep(connection, range(first, first + 4))
                do(servers, name, f"something after {first}")
                assert sign(servers, name)
        with postgres.connect(servers, SUPERUSER, name) as connection:
            published = outbox(connection)
        yield Log(servers, name, published)


@pytest.fixture
def touched(log: Log, request: pytest.FixtureRequest) -> Iterator[Log]:
    """A copy of the log that may be spoiled."""
    with database(log.settings, "log_touched", ORIGINAL) as name:
        yield replace(log, database=name)


def spoil(log: Log, *statements: str) -> None:
    """What a superuser can do: no trigger keeps him."""
    with log.superuser() as connection:
        connection.execute("set session_replication_role = replica")
        for statement in statements:
            assert connection.execute(statement.encode()).rowcount != 0, statement


def rebuild(log: Log, chain: int) -> None:
    """Make all hashes of a chain fit again: everybody can, nobody can sign it."""
    with log.superuser() as connection:
        connection.execute("set session_replication_role = replica")
        before = bytes(32)
        rows = connection.execute(
            "select number, contract, body from audit.segment where partition = %s order by number", (chain,)
        ).fetchall()
        for number, schema, body in rows:
            after = sha256(before + f"{chain}:{number}:{schema}:".encode() + body).digest()
            connection.execute(
                "update audit.segment set previous = %s, hash = %s where partition = %s and number = %s",
                (before, after, chain, number),
            )
            before = after


def rebuild_acts(log: Log, last: int = 999) -> None:
    with log.superuser() as connection:
        connection.execute("set session_replication_role = replica")
        before = bytes(32)
        for number, line in connection.execute("select number, line from audit.act order by number").fetchall():
            after = sha256(before + line.encode()).digest()
            if number <= last:
                values = (before, after, number)
                connection.execute("update audit.act set previous = %s, hash = %s where number = %s", values)
            before = after


def segment(change: str, number: int = 5) -> str:
    return f"update audit.segment set {change} where partition = 1 and number = {number}"


HERE = "partition = 1 and number = 5"
FIVE: set[Place] = {("1", 5)}
TAIL = [f"delete from audit.{table} where partition = 1 and number > 9" for table in ("segment", *verifier.DERIVED)]
GONE = [f"delete from audit.{table} where partition = 1" for table in ("segment", *verifier.DERIVED)]
CHANGES: dict[str, tuple[list[str], set[Place]]] = {
    "a body": ([segment("body = set_byte(body, 40, get_byte(body, 40) # 1)")], FIVE),
    "a body, cut": ([segment("body = substr(body, 1, 60)")], FIVE),
    "a body, longer": ([segment("body = body || '\\x00'")], FIVE),
    "a hash": ([segment("hash = sha256(hash)")], {("1", 5), ("1", 6)}),
    "a previous hash": ([segment("previous = sha256(previous)")], FIVE),
    "the schema of a segment": (
        [segment("contract = contract + 1")], {("1", 5), ("contracts", contract(DISCLOSURES).id + 1)},
    ),
    "a moment": ([segment("at = at + interval '1 second'")], FIVE),
    "a count of events": ([segment("exchanged = exchanged + 1")], FIVE),
    "a count of refusals": ([segment("refused = 0")], FIVE),
    "a segment taken out": ([f"delete from audit.segment where {HERE}"], FIVE),
    "two segments taken out": (
        ["delete from audit.segment where partition = 1 and number in (5, 6)"], {("1", 5), ("1", 6)},
    ),
    "a segment moved to another chain": ([segment("partition = 2, number = 99")], {("1", 5), ("2", 13), ("2", 99)}),
    "a segment before the first": (
        ["insert into audit.segment select partition, 0, at, exchanged, refused, contract, body, previous, hash"
         f" from audit.segment where {HERE}"], {("1", 0)},
    ),
    "two segments swapped": (
        [segment("number = -1"), segment("number = 5", 6), segment("number = 6", -1)], {("1", 5), ("1", 6), ("1", 7)},
    ),
    "the tail taken off": (TAIL, {("1", 12)}),
    "a chain taken out": (GONE, {("1", 4), ("1", 8), ("1", 12)}),
    "a disclosure changed": ([f"update audit.disclosure set recipient = recipient || 's' where {HERE}"], FIVE),
    "a person exchanged": ([f"update audit.disclosure set person = sha256(person) where {HERE}"], FIVE),
    "a disclosure taken out": (
        ["delete from audit.disclosure where ctid = (select ctid from audit.disclosure where partition = 1"
         " and number = 5 limit 1)"], FIVE,
    ),
    "a disclosure doubled": (
        [f"insert into audit.disclosure select * from audit.disclosure where {HERE} limit 1"], FIVE,
    ),
    "a disclosure of a segment that is not there": (
        [f"insert into audit.disclosure select 7, 3, event, person, recipient, deliberation, contract"
         f" from audit.disclosure where {HERE} limit 1"], {("7", 3)},
    ),
    "a refusal changed": ([f"update audit.refusal set events = events + 1 where {HERE}"], FIVE),
    "a refusal taken out": ([f"delete from audit.refusal where {HERE} and recipient = 'nic'"], FIVE),
    "a refusal added": (["insert into audit.refusal values (1, 5, 'rjv', 'not authorised', 1)"], FIVE),
    "who was refused, taken out": (["delete from audit.refused where partition = 1 and number = 6"], {("1", 6)}),
    "who was refused, added": (
        [f"insert into audit.refused select partition, number, person from audit.disclosure where {HERE}"], FIVE,
    ),
    "an act changed": (
        ["update audit.act set line = replace(line, 'operator', 'nobody') where number = 3"], {("acts", 3)},
    ),
    "an act taken out": (["delete from audit.act where number = 3"], {("acts", 3)}),
    "two acts swapped": (
        ["update audit.act set number = -1 where number = 3", "update audit.act set number = 3 where number = 4",
         "update audit.act set number = 4 where number = -1"], {("acts", 3), ("acts", 4), ("acts", 5)},
    ),
    "the last act taken out": (["delete from audit.act where number = 6"], {("acts", 6)}),
    "a checkpoint taken out": (["delete from audit.checkpoint where number = 2"], {("checkpoints", 2)}),
    "the last checkpoint taken out": (["delete from audit.checkpoint where number = 3"], {("checkpoints", 3)}),
    "all checkpoints taken out": (
        ["delete from audit.checkpoint"], {("checkpoints", 1), ("checkpoints", 2), ("checkpoints", 3)},
    ),
    "a checkpoint's moment": (
        ["update audit.checkpoint set text = replace(text, 'at 2', 'at 1') where number = 2"], {("checkpoints", 2)},
    ),
    "a checkpoint that is none any more": (
        ["update audit.checkpoint set text = '' where number = 2"], {("checkpoints", 2)},
    ),
    "a signature": (
        ["update audit.checkpoint set signature = sha512(signature) where number = 2"], {("checkpoints", 2)},
    ),
    "two checkpoints swapped": (
        ["update audit.checkpoint set number = -1 where number = 1",
         "update audit.checkpoint set number = 1 where number = 2",
         "update audit.checkpoint set number = 2 where number = -1"], {("checkpoints", 1), ("checkpoints", 2)},
    ),
}  # fmt: skip


def test_a_log_that_nobody_touched_is_whole(log: Log) -> None:
    found, report = log.verified()
    assert (found, report.notes) == ([], [])
    assert report.checked["segments"] == CHAINS * SEGMENTS
    assert report.checked["disclosure rows"] == CHAINS * SEGMENTS * PERSONS * 2
    assert report.checked["refused rows"] == CHAINS * SEGMENTS // 3
    assert report.checked["acts"] == 6
    assert report.checked["checkpoints"] == report.checked["published checkpoints"] == len(log.published) == 3
    assert log.places(published=None) == set()


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_a_superuser_changes_is_found_with_its_place(touched: Log, change: str) -> None:
    statements, expected = CHANGES[change]
    spoil(touched, *statements)
    assert touched.places() == expected


def test_a_schema_that_is_changed_taken_out_or_added_is_found(touched: Log) -> None:
    used = contract(DISCLOSURES).id
    other = projections(load())[0].contract.id
    spoil(
        touched,
        f"update audit.contract set schema = replace(schema, 'Copies made', 'No copies') where number = {used}",
        f"delete from audit.contract where number = {other}",
        "insert into audit.contract values (7, '\"string\"')",
    )
    places = touched.places()
    assert {("contracts", used), ("contracts", 7)} <= places
    assert {("1", number) for number in range(1, SEGMENTS + 1)} <= places


def test_a_schema_of_copies_that_is_no_longer_kept_is_found(touched: Log) -> None:
    other = projections(load())[0].contract.id
    spoil(touched, f"delete from audit.contract where number = {other}")
    assert touched.places() == {("contracts", other)}


def test_a_chain_that_is_rebuilt_without_the_key_is_found_at_every_head_that_was_signed(touched: Log) -> None:
    """The body, the rows derived from it and all hashes of the chain fit: only the signatures do not."""
    body = encode(contract(DISCLOSURES), record(1, 5) | {"revision": 2})[5:]
    spoil(touched, segment(f"body = '\\x{body.hex()}'"))
    rebuild(touched, 1)
    found, _ = touched.verified()
    assert {(one.chain, one.number) for one in found} == {("1", 8), ("1", 12)}
    assert all("signs" in one.what for one in found)


def test_a_link_that_is_made_to_fit_again_does_not_carry_what_follows(touched: Log) -> None:
    body = encode(contract(DISCLOSURES), record(1, 5) | {"revision": 2})[5:]
    head = f"'\\x{f'1:5:{contract(DISCLOSURES).id}:'.encode().hex()}'::bytea"
    spoil(touched, segment(f"body = '\\x{body.hex()}', hash = sha256(previous || {head} || '\\x{body.hex()}')"))
    assert touched.places() == {("1", 6)}


def test_a_forged_act_is_found_however_much_of_the_chain_is_made_to_fit(touched: Log) -> None:
    spoil(touched, "update audit.act set line = replace(line, 'something', 'nothing') where number = 3")
    rebuild_acts(touched, last=3)
    assert touched.places() == {("acts", 4)}
    rebuild_acts(touched)
    assert touched.places() == {("acts", 4), ("acts", 6)}
    assert all("signs" in one.what for one in touched.verified()[0])


def test_checkpoints_made_with_another_key_are_found_even_where_they_follow_each_other(touched: Log) -> None:
    spoil(touched, "delete from audit.checkpoint", "delete from audit.outbox")
    assert sign(touched.settings, touched.database, OTHER_KEY)
    found, _ = touched.verified()
    assert any(one.chain == "checkpoints" and "key that was not given" in one.what for one in found)
    assert {("checkpoints", number) for number in (1, 2, 3)} <= {(one.chain, one.number) for one in found}


@pytest.mark.parametrize(
    "change", ["text = replace(text, 'at 2', 'at 1')", "signature = sha512(signature)", "signature = '\\x00'"]
)
def test_a_checkpoint_is_held_to_its_signature_also_where_nothing_was_published(touched: Log, change: str) -> None:
    spoil(touched, f"update audit.checkpoint set {change} where number = 3")
    found, _ = touched.verified(published=None)
    assert ("checkpoints", 3, True) in {(one.chain, one.number, "signature" in one.what) for one in found}


def test_a_key_that_was_exchanged_for_a_new_one_is_told_by_its_fingerprint(touched: Log) -> None:
    do(touched.settings, touched.database, "changed the key")
    assert sign(touched.settings, touched.database, OTHER_KEY)
    with touched.superuser() as connection:
        now = replace(touched, published=outbox(connection))
    assert now.places() == {("checkpoints", 4), ("acts", 7)} - {("acts", 7)}
    public = Signer(OTHER_KEY)
    key = Ed25519PrivateKey.from_private_bytes(_raw(OTHER_KEY)).public_key()
    found: list[Discrepancy] = []
    with postgres.connect(now.settings, "auditor", now.database) as connection:
        verifier.verify(connection, now.keys | {public.fingerprint: key}, now.published, tell=found.append)
    assert found == []


def _raw(pem: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

    return load_pem_private_key(pem, None).private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


BACK = [
    *(f"delete from audit.{table} where number > 4" for table in ("segment", *verifier.DERIVED)),
    "delete from audit.act where number > 2", "delete from audit.checkpoint where number > 1",
]  # fmt: skip


def test_a_database_that_is_set_back_as_a_whole_is_found_by_what_was_published(touched: Log) -> None:
    spoil(touched, *BACK)
    assert touched.places(published=None) == set()
    heads = {(str(chain), number) for chain in range(CHAINS) for number in (8, 12)}
    assert touched.places() == {("checkpoints", 2), ("checkpoints", 3), ("acts", 4), ("acts", 6)} | heads


def test_a_database_that_is_set_back_and_signs_on_is_found(touched: Log) -> None:
    spoil(touched, *BACK)
    do(touched.settings, touched.database, "another life")
    assert sign(touched.settings, touched.database)
    with touched.superuser() as connection:
        now = replace(touched, published=outbox(connection))
    found, _ = now.verified()
    assert ("checkpoints", 2, True) in {(one.chain, one.number, "published again" in one.what) for one in found}
    assert ("checkpoints", 3) in {(one.chain, one.number) for one in found}
    assert "is not the one that was published" in {one.what for one in found if one.number == 2}


def test_what_is_not_signed_yet_is_a_note_and_long_unsigned_it_is_not_whole(touched: Log) -> None:
    do(touched.settings, touched.database, "something new")
    found, report = touched.verified()
    assert (found, report.notes) == ([], ["acts, act 7: not yet signed"])
    found, report = touched.verified(age=timedelta(0))
    assert [(one.chain, one.number) for one in found] == [("acts", 7)]


def test_a_checkpoint_that_is_not_published_yet_is_a_note_and_one_in_between_is_not_whole(touched: Log) -> None:
    found, report = touched.verified(published=touched.published[:2])
    assert (found, report.notes) == ([], ["checkpoint 3 is not published yet"])
    assert touched.places(published=touched.published[:2], age=timedelta(0)) == {("checkpoints", 3)}
    assert touched.places(published=[touched.published[0], touched.published[2]]) == {("checkpoints", 2)}
    assert touched.places(published=touched.published[1:]) == set()


def test_signing_again_with_nothing_new_and_beside_another_signer_writes_nothing(touched: Log) -> None:
    assert not sign(touched.settings, touched.database)
    do(touched.settings, touched.database, "something new")
    with postgres.connect(touched.settings, "audit", touched.database) as other:
        postgres.hold(other.cursor(), StageLock.CHECKPOINT)
        assert not sign(touched.settings, touched.database)
    assert sign(touched.settings, touched.database)


def test_it_is_signed_every_so_often_and_once_more_when_the_process_ends(touched: Log) -> None:
    signing = Checkpoints(Signer(touched.settings.signing_key()), every=3600)
    with postgres.connect(touched.settings, "audit", touched.database, autocommit=True) as connection:

        def signed() -> int:
            row = connection.execute("select count(*) from audit.checkpoint").fetchone()
            return int(row[0]) if row else 0

        do(touched.settings, touched.database, "something new")
        signing(connection, ending=False)
        assert signed() == 4
        do(touched.settings, touched.database, "something newer")
        signing(connection, ending=False)
        assert signed() == 4
        signing(connection, ending=True)
        assert signed() == 5


def test_a_signer_that_dies_on_the_way_leaves_neither_row_nor_record(touched: Log) -> None:
    do(touched.settings, touched.database, "something new")
    with touched.superuser() as connection:
        connection.execute("revoke insert on audit.outbox from audit")
    with pytest.raises(Exception, match=r"refuses a right.*42501"):
        sign(touched.settings, touched.database)
    with touched.superuser() as connection:
        counts = connection.execute(
            "select (select count(*) from audit.checkpoint), count(*) from audit.outbox"
        ).fetchone()
        connection.execute("grant insert on audit.outbox to audit")
    assert counts == (3, 3)
    assert sign(touched.settings, touched.database)


def test_a_log_of_an_earlier_version_is_brought_to_this_one_once(touched: Log) -> None:
    spoil(touched, "delete from audit.contract", "delete from audit.refused")
    assert touched.places() != set()
    with postgres.connect(touched.settings, "audit", touched.database) as connection:
        assert catch_up(connection, book()) == CHAINS * SEGMENTS
        assert catch_up(connection, book()) == 0
    assert touched.places() == set()


def test_a_person_is_told_what_was_disclosed_and_what_was_refused_from_the_segments_that_name_them(log: Log) -> None:
    with postgres.connect(log.settings, "auditor", log.database) as connection:
        told = list(look_up(connection, bytes([1, 0]) * 8))
        refused = list(look_up(connection, ONLY_REFUSED))
        nobody = list(look_up(connection, bytes([200]) * 16))
    assert len([one for one in told if one.contract]) == 2 * SEGMENTS
    assert len([one for one in told if one.reason == NOT_IN_PERIOD]) == SEGMENTS
    assert {one.segment for one in told if one.replay} == {7}
    assert [one.at for one in told] == sorted((one.at for one in told), reverse=True)
    assert len(refused) == CHAINS * SEGMENTS // 3
    assert {one.reason for one in refused} == {NOT_INTEGRATED}
    assert nobody == []


def test_a_person_is_looked_up_by_index_and_not_by_reading_the_log(log: Log) -> None:
    from consumers.audit.log_lookup import SEGMENTS as QUERY

    with log.superuser() as connection:
        connection.execute("set enable_seqscan = off")
        plan = "\n".join(row[0] for row in connection.execute(f"explain {QUERY}".encode(), {"person": bytes(16)}))
    assert "Seq Scan" not in plan
    assert {"disclosure_person", "refused_person", "segment_pkey"} <= set(plan.replace(")", " ").split())


def no_schemas(_deliberations: Any) -> None:
    """Nobody listens here."""


def all_acts(log: Log) -> list[dict[str, Any]]:
    with postgres.connect(log.settings, "auditor", log.database) as connection:
        return [json.loads(line) for (line,) in connection.execute("select line from audit.act order by number")]


def test_a_basis_that_is_withdrawn_or_replaced_is_still_told_by_its_name(touched: Log) -> None:
    with postgres.connect(touched.settings, "owner", touched.database) as connection:
        kept.seed(connection, no_schemas)
    with postgres.connect(touched.settings, "operator", touched.database) as connection:
        gone = kept.withdraw(connection, ["rva"], reason="for this test")
    person = bytes([1, 0]) * 8
    with postgres.connect(touched.settings, "auditor", touched.database) as connection:
        told = report(connection, person, "fr")
    assert {one["title"] for one in told["disclosures"]} == {
        one.names.fr for one in load() if one.id in {one["deliberation"] for one in told["disclosures"]}
    }
    assert all(one["purpose"] and one["basis"] and one["fields"] for one in told["disclosures"])
    assert told["refusals"][0]["name"] == "Collège intermutualiste national"
    assert told["refusals"][0]["explanation"] == "votre dossier n'y concerne pas cette période"
    noted = [(one["by"], one["action"], one["about"]) for one in all_acts(touched)]
    assert {("operator", "withdrew a deliberation", name) for name in gone} <= set(noted)
    assert {("owner", "loaded a deliberation", one.id) for one in load()} <= set(noted)


def test_a_withdrawal_that_fails_is_a_refusal_and_an_act_that_cannot_be_added_is_no_withdrawal(touched: Log) -> None:
    with postgres.connect(touched.settings, "owner", touched.database) as connection:
        kept.seed(connection, no_schemas)
    before = all_acts(touched)
    with postgres.connect(touched.settings, "operator", touched.database) as connection, pytest.raises(Reject):
        kept.withdraw(connection, ["99/999"], reason="for this test")
    made = all_acts(touched)
    assert made[: len(before)] == before
    assert [one["action"] for one in made[len(before) :]] == ["was refused a withdrawal"]
    with touched.superuser() as connection:
        connection.execute("revoke insert (line) on audit.act from operator")
    with postgres.connect(touched.settings, "operator", touched.database) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            kept.withdraw(connection, ["rva"], reason="for this test")
        connection.rollback()
        with connection.cursor() as cursor:
            assert [one for one in kept.current(cursor).held if one.withdrawn] == []


def test_acts_of_many_at_once_are_one_chain(touched: Log) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: do(touched.settings, touched.database, f"thing {number}"), range(40)))
        list(pool.map(lambda _: sign(touched.settings, touched.database), range(4)))
    assert sign(touched.settings, touched.database) is False
    with touched.superuser() as connection:
        now = replace(touched, published=outbox(connection))
    found, report = now.verified()
    assert (found, report.checked["acts"]) == ([], 46)


ALONE = (
    "psycopg", "psycopg_binary", "psycopg_binary.libs", "fastavro", "cryptography", "cryptography.libs", "cffi",
    "_cffi_backend*", "typing_extensions.py",
)  # fmt: skip


@pytest.fixture
def alone(tmp_path: Path, log: Log) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the verifier's one file in an empty folder, with the three libraries it needs and nothing else to import."""
    libraries, folder = tmp_path / "libraries", tmp_path / "empty"
    libraries.mkdir()
    folder.mkdir()
    installed = Path(psycopg.__file__).parents[1]
    for pattern in ALONE:
        for path in installed.glob(pattern):
            (libraries / path.name).symlink_to(path)
    (folder / "verifier.py").write_bytes(Path(verifier.__file__).read_bytes())
    (folder / "keys.pem").write_bytes(log.settings.public_keys.read_bytes())
    lines = [one._asdict() | {"signature": one.signature.hex()} for one in log.published]
    (folder / "published.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(libraries),
            "PGPASSWORD": log.settings.secret("postgres", "auditor"),
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, "-S", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    return run


def dsn(log: Log) -> str:
    return f"host={log.settings.postgres_host} port={log.settings.postgres_port} dbname={log.database} user=auditor"


def test_an_auditor_runs_the_verifier_alone(
    touched: Log, alone: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert alone("-c", "import consumers").returncode == 1
    words = ("verifier.py", "--dsn", dsn(touched), "--key", "keys.pem", "--checkpoints", "published.jsonl")
    whole = alone(*words)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "the log is whole" in whole.stdout
    spoil(
        touched,
        segment("body = body || '\\x00'"),
        f"delete from audit.refusal where {HERE}",
        "delete from audit.act where number = 2",
    )
    broken = alone(*words)
    assert broken.returncode == 1
    assert "chain 1, segment 5: its hash is not that of its content; its body is not a record" in broken.stdout
    assert "acts, act 2: is missing" in broken.stdout
    document = json.loads(alone(*words, "--json").stdout)
    assert document["whole"] is False
    assert {(one["chain"], one["number"]) for one in document["findings"]} == {("1", 5), ("acts", 2)}
    assert json.loads(alone(*words, "--json").stdout)["checked"]["segments"] == CHAINS * SEGMENTS


def test_the_verifier_says_what_is_wrong_with_what_it_is_given(
    log: Log, alone: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert alone("verifier.py", "--dsn", dsn(log)).returncode == 2
    assert alone("verifier.py", "--dsn", dsn(log), "--key", "nowhere.pem").returncode == 2
    assert alone("verifier.py", "--dsn", dsn(log), "--key", "published.jsonl").returncode == 2
    assert alone("verifier.py", "--dsn", dsn(log), "--key", "keys.pem", "--checkpoints", "keys.pem").returncode == 2
    assert (
        alone("verifier.py", "--dsn", dsn(log).replace(log.database, "postgres"), "--key", "keys.pem").returncode == 3
    )
    assert alone("verifier.py", "--dsn", "host=127.0.0.1 port=1 user=x", "--key", "keys.pem").returncode == 3


def test_the_verifier_imports_nothing_of_the_project() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text("utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    outside = {name.split(".")[0] for name in modules} - set(sys.stdlib_module_names)
    assert outside == {"psycopg", "fastavro", "cryptography"}

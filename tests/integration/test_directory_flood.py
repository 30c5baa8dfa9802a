"""Whatever bytes one institution sends, another is answered meanwhile, and the process stays within its memory.

The process has as much memory as in a deployment.
"""

import asyncio
import os
import resource
import signal
import ssl
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from struct import pack
from typing import Any

import pytest
import yaml
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c, encode_varint
from confluent_kafka import KafkaError, Producer

from backbone import kafka, postgres
from backbone.batches import ATTRIBUTES_AT, BEFORE_LENGTH, HEADER
from backbone.cluster import logins
from backbone.cluster.state import MECHANISM
from backbone.settings import Settings
from backbone.stack.processes import PROCESSES
from consumers.directory.run import WAIT_MS
from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.identifiers import derive, inss
from schemas.topics import ANSWERS, CHANGES, LARGEST_CHANGES, answers, changes
from tests.builders.processes import ask_to_stop, start
from tests.builders.waiting import until

COMPOSE = yaml.safe_load((Path(__file__).parents[2] / "docker" / "compose.yaml").read_text("utf-8"))
GIB = {"1g": 1024**3}
MEMORY = GIB[COMPOSE["services"]["dossiers"]["mem_limit"]]
MARK = derive("directory flood", str(time.time_ns()))[:12]
PERSON = inss(450101001, after_2000=False)
HOSTILE, NEIGHBOUR = "fpd", "rjv"
QUALITY = {"fpd": "5/10", "rjv": "10/0"}
PATIENCE_S = 60.0
SOON_S = 10.0
"""Somebody else's turn, on a machine that has much else to do."""
MIB = 1024 * 1024
BOMB_MIB = 930
FLOOD = 100_000
UNREADABLE = "000050"


def bomb(mib: int) -> bytes:
    """A batch with one record of so many MiB of zeros, made of one packed MiB again and again."""

    def packed(plain: bytes, how: int = zlib.Z_FULL_FLUSH) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return packer.compress(plain) + packer.flush(how)

    zeros, tail = bytes(MIB), b"\0"
    value, head, size = bytearray(), bytearray(b"\0\0\0\1"), bytearray()
    encode_varint(mib * MIB, value.append)
    encode_varint(len(head) + len(value) + mib * MIB + len(tail), size.append)
    begin = bytes(size + head + value)
    check = zlib.crc32(begin)
    for _ in range(mib):
        check = zlib.crc32(zeros, check)
    check = zlib.crc32(tail, check)
    trailer = pack("<II", check, len(begin) + mib * MIB + len(tail))
    body = b"\x1f\x8b\x08" + bytes(6) + b"\xff" + packed(begin) + packed(zeros) * mib
    body += packed(tail, zlib.Z_FINISH) + trailer
    now, length = int(time.time() * 1000), HEADER.size - BEFORE_LENGTH + len(body)
    gzip, nobody = 1, -1

    def whole(checksum: int) -> bytes:
        fields = (0, length, nobody, 2, checksum, gzip, 0, now, now, nobody, nobody, nobody, 1)
        return HEADER.pack(*fields) + body

    return whole(calc_crc32c(whole(0)[ATTRIBUTES_AT:]))


def send(settings: Settings, institution: str, batch: bytes) -> tuple[int, int]:
    """Send a batch as it is; gives what the broker says, and the first offset."""

    async def ask() -> tuple[int, int]:
        [(host, port)] = logins.addresses(settings)
        trust = ssl.create_default_context(cafile=str(settings.kafka_ca))
        connection = await logins.OPEN(
            host, port, client_id=institution, request_timeout_ms=int(PATIENCE_S * 1000), ssl_context=trust,
            security_protocol="SASL_SSL", sasl_mechanism=MECHANISM, sasl_plain_username=institution,
            sasl_plain_password=settings.secret("kafka", institution),
        )  # fmt: skip
        try:
            request = ProduceRequest(None, -1, int(PATIENCE_S * 1000), [(changes(institution), [(0, batch)])])
            answer = await connection.send(request)
        finally:
            await connection.close()
            await asyncio.sleep(logins.CLOSING_S)
        [(_, [(_, code, offset, *_)])] = answer.topics
        return code, offset

    return asyncio.run(ask())


def put(settings: Settings, institution: str, values: list[bytes], **config: Any) -> set[int | None]:
    """Send records with a stock client; gives what the broker says to them."""
    said: set[int | None] = set()

    def note(error: KafkaError | None, _message: object) -> None:
        said.add(error.code() if error else None)

    writer = Producer(kafka.client(settings, institution, log_level=kafka.SILENT) | config)
    for value in values:
        writer.produce(changes(institution), value, on_delivery=note)
    assert writer.flush(PATIENCE_S) == 0
    return said


def change(institution: str, name: str) -> bytes:
    record = {
        "change": f"{MARK}-{name}", "action": "integrate", "person": PERSON, "quality": QUALITY[institution],
        "from": date(2026, 1, 1), "until": date(2026, 1, 31), "version": 1,
    }  # fmt: skip
    return encode(contract(CHANGES), record)


def answered(settings: Settings, institution: str) -> list[dict[str, Any]]:
    """The answers that were made for an institution, in order."""
    with postgres.connect(settings, "relay") as connection:
        rows = connection.execute(
            "select value from directory.outbox where topic = %s order by tx, id", (answers(institution),)
        ).fetchall()
    return [decode_body(contract(ANSWERS), split(value)[1]) for (value,) in rows]


def until_known(settings: Settings, institution: str, name: str, patience: float) -> None:
    until(knows(settings, institution, name), f"{name} of {institution} is not answered", patience)


def knows(settings: Settings, institution: str, name: str) -> Callable[[], bool]:
    return lambda: any(one["change"] == f"{MARK}-{name}" for one in answered(settings, institution))


def peak(running: subprocess.Popen[bytes]) -> int:
    """Bytes a process has had at most."""
    lines = (PROCESSES / str(running.pid) / "status").read_text("utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


@pytest.fixture(scope="module")
def taking(servers: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The process that takes changes in, with the memory of a deployment, after it has answered something."""
    running = start(servers.home, "dossiers")
    resource.prlimit(running.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
    put(servers, NEIGHBOUR, [change(NEIGHBOUR, "first")])
    until_known(servers, NEIGHBOUR, "first", PATIENCE_S)
    yield running
    ask_to_stop(running)
    try:
        assert running.wait(PATIENCE_S) == 0
    finally:
        running.kill()
        running.wait()


def test_a_bomb_is_answered_and_another_institution_meanwhile(
    servers: Settings, taking: subprocess.Popen[bytes]
) -> None:
    batch = bomb(BOMB_MIB)
    assert len(batch) < LARGEST_CHANGES < BOMB_MIB * MIB
    code, offset = send(servers, HOSTILE, batch)
    assert code == 0
    put(servers, HOSTILE, [change(HOSTILE, "behind")])
    put(servers, NEIGHBOUR, [change(NEIGHBOUR, "meanwhile")])
    until_known(servers, NEIGHBOUR, "meanwhile", SOON_S)
    until_known(servers, HOSTILE, "behind", SOON_S)
    [refused] = [one for one in answered(servers, HOSTILE) if f"offset {offset}: " in one["reason"]]
    assert (refused["accepted"], refused["code"]) == (False, UNREADABLE)
    assert "when unpacked" in refused["reason"]
    assert taking.poll() is None
    assert peak(taking) < MEMORY / 3


def test_a_flood_of_tiny_records_is_answered_once_and_another_institution_meanwhile(
    servers: Settings, taking: subprocess.Popen[bytes]
) -> None:
    before = len(answered(servers, HOSTILE))
    config = {
        "compression.type": "zstd", "linger.ms": 1000, "batch.num.messages": FLOOD, "batch.size": 100 * MIB,
        "queue.buffering.max.messages": 2 * FLOOD,
    }  # fmt: skip
    # It lies there whole before anybody reads it: what is read while it is sent is answered as far as it goes.
    taking.send_signal(signal.SIGSTOP)
    # What it had asked for before is answered by the broker: with nothing.
    time.sleep(2 * WAIT_MS / 1000)
    try:
        assert put(servers, HOSTILE, [b"x"] * FLOOD + [change(HOSTILE, "flood")], **config) == {None}
        put(servers, NEIGHBOUR, [change(NEIGHBOUR, "flooded")])
    finally:
        taking.send_signal(signal.SIGCONT)
    until_known(servers, NEIGHBOUR, "flooded", SOON_S)
    until_known(servers, HOSTILE, "flood", PATIENCE_S)
    made = answered(servers, HOSTILE)[before:]
    assert [one["code"] for one in made[:-1]] == [UNREADABLE]
    assert f"{FLOOD} records, " in made[0]["reason"]
    assert taking.poll() is None
    assert peak(taking) < MEMORY / 3


def test_the_largest_batch_a_stock_client_makes_is_taken_and_no_larger_one(servers: Settings) -> None:
    assert put(servers, HOSTILE, [os.urandom(120)] * 20_000, **{"linger.ms": 1000}) == {None}
    large = {"message.max.bytes": 4 * MIB}
    assert put(servers, HOSTILE, [os.urandom(LARGEST_CHANGES)], **large) == {KafkaError.MSG_SIZE_TOO_LARGE}

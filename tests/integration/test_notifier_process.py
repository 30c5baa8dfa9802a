"""The notifier as it runs: stopped, killed, and shared between two."""

import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from itertools import count
from pathlib import Path

import orjson
import pytest

from backbone import kafka, postgres
from backbone.settings import Settings
from notifier import profiles
from notifier.mail.hand_over import GROUP
from schemas.codec import encode
from schemas.contracts import contract
from schemas.identifiers import derive, pseudonym
from tests.builders import notices as example
from tests.builders.persons import national_number, profile_line
from tests.builders.processes import SILENT, ask_to_stop, start
from tests.builders.waiting import eventually

NUMBERS = count(20_000)
PATIENCE_S = 60.0
STOP_S = 20.0
KILLS = 2
SIZE = 160


class Crowd:
    """People with profiles, half of whom chose e-mail, and a finding about each."""

    def __init__(self, settings: Settings, size: int, folder: Path) -> None:
        self.settings = settings
        self.numbers = [national_number(next(NUMBERS)) for _ in range(size)]
        self.names = {pseudonym(settings.pepper(), number).hex() for number in self.numbers}
        path = folder / "persons.jsonl"
        path.write_bytes(b"\n".join(orjson.dumps(self._profile(place)) for place in range(size)))
        with postgres.connect(settings, "operator") as connection:
            profiles.load(connection, path)

    def _profile(self, place: int) -> dict[str, object]:
        email = f"crowd{self.numbers[place][-6:]}@mail.example" if place % 2 else None
        return profile_line(self.numbers[place], language=("nl", "fr", "de", "en")[place % 4], email=email)

    def publish(self) -> None:
        writer = kafka.producer(self.settings, "relay")
        for number in self.numbers:
            record = {
                "finding": derive(number, "f"), "version": 1, "status": "found",
                "rule": "work_bonus", "side": "citizen",
                "employer": example.EMPLOYER, "person": number, "quarter": "2026Q3", "amount": 3, "claimed": 1,
                "missing": 2, "certainty": "certain", "trace": [], "found_at": datetime.now(UTC),
            }  # fmt: skip
            key = pseudonym(self.settings.pepper(), number)
            writer.produce("findings", key=key, value=encode(contract("findings"), record))
        assert writer.flush(30) == 0

    def states(self) -> Counter[str]:
        with postgres.connect(self.settings, "notifier") as connection:
            rows = connection.execute(
                "select state, count(*) from notifier.notice where recipient = any(%s) group by state", (self.numbers,)
            )
            return Counter(dict(rows.fetchall()))

    def finished(self) -> int:
        states = self.states()
        return states["handed over"] + states["in doubt"]

    def handed(self) -> tuple[Counter[str], Counter[str]]:
        """How often each notice of this crowd lies in the inbox, and with the printer."""
        with postgres.connect(self.settings, "notifier") as connection:
            rows = connection.execute("select notice from notifier.notice where recipient = any(%s)", (self.numbers,))
            mine = {row[0] for row in rows}
        mails = (message_from_bytes(path.read_bytes())["X-Kruispunt-Notice"] for path in self.settings.inbox.iterdir())
        letters = (
            orjson.loads(line)["notice"]
            for path in self.settings.outgoing.glob("*/manifest.jsonl")
            for line in path.read_bytes().splitlines()
        )
        return Counter(name for name in mails if name in mine), Counter(name for name in letters if name in mine)


@pytest.fixture
def crowd(servers: Settings, tmp_path: Path) -> Crowd:
    return Crowd(servers, SIZE, tmp_path)


@contextmanager
def worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    process = start(settings.home, "notify", streams=SILENT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(crowd: Crowd, wanted: int) -> None:
    assert eventually(lambda: crowd.finished() >= wanted), crowd.states()


def stop(process: subprocess.Popen[bytes]) -> int:
    ask_to_stop(process)
    return process.wait(STOP_S)


def test_a_killed_notifier_loses_nobody_and_tells_nobody_twice(servers: Settings, crowd: Crowd) -> None:
    crowd.publish()
    for kill in range(1, KILLS + 1):
        with worker(servers) as process:
            until(crowd, kill * 40)
            time.sleep(random.random() / 4)  # noqa: S311 - any moment will do
            process.kill()
            process.wait()
    with worker(servers):
        until(crowd, SIZE)
    states = crowd.states()
    assert states["in doubt"] <= KILLS * GROUP
    mails, letters = crowd.handed()
    assert max(mails.values()) == 1
    assert max(letters.values()) == 1
    assert states["handed over"] <= len(mails) + len(letters) <= SIZE
    assert len(letters) == SIZE // 2


def test_a_stopped_notifier_leaves_nothing_in_doubt(servers: Settings, crowd: Crowd) -> None:
    crowd.publish()
    with worker(servers) as process:
        until(crowd, 20)
        assert stop(process) == 0
    assert crowd.states()["in doubt"] == 0
    assert crowd.states()["handing over"] == 0
    with worker(servers):
        until(crowd, SIZE)
    assert crowd.states() == {"handed over": SIZE}


def test_two_notifiers_share_the_work_and_one_takes_over_when_the_other_is_killed(
    servers: Settings, crowd: Crowd
) -> None:
    with worker(servers) as first, worker(servers) as second:
        crowd.publish()
        until(crowd, 40)
        first.kill()
        until(crowd, SIZE)
        assert stop(second) == 0
    mails, letters = crowd.handed()
    assert max(mails.values()) == max(letters.values()) == 1
    assert len(letters) == SIZE // 2

"""An exchange whose clock is twenty years behind refuses what it should deliver; a command delivers it, once."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any

import pytest
import structlog

from backbone import kafka, postgres
from backbone.settings import Settings
from consumers.exchange import run as exchange
from kruispunt.monitoring import lag
from kruispunt.monitoring.ledger import rows
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.identifiers import derive, inss, pseudonym
from schemas.topics import DECLARATIONS, DISCLOSURES, FACTS
from tests.builders.events import accept, copies
from tests.builders.processes import as_process, running
from tests.builders.waiting import until

MARK = derive("rejudge", str(time.time_ns()))
ON_FILE, UNKNOWN = (inss(130301000 + time.time_ns() % 400 + 500 * number, after_2000=False) for number in range(2))
BEHIND = timedelta(days=20 * 365)


class Slow(datetime):
    """A clock that is behind."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Slow":
        return cls.fromtimestamp((datetime.now(tz) - BEHIND).timestamp(), tz)


def facts(settings: Settings) -> Counter[bytes]:
    keys = {pseudonym(settings.pepper(), person) for person in (ON_FILE, UNKNOWN)}
    return Counter(
        fact["person"]
        for message in kafka.read_all(settings, "inspector", FACTS)
        for fact in decode_body(contract(FACTS), split(message.value() or b"")[1])["facts"]
        if fact["person"] in keys
    )


def rejudge(settings: Settings, *arguments: str) -> tuple[int, Any]:
    then = datetime.now(UTC) - BEHIND
    since, end = (f"{then + step:%Y-%m-%dT%H:%M}" for step in (timedelta(hours=-1), timedelta(hours=1)))
    asked = ("--from", since, "--until", end, "--reason", "the clock was behind", "--json", *arguments)
    # A process of its own: its clock is right.
    answer = as_process(settings.home, "rejudge", *asked)
    assert answer.stdout, answer.stderr
    return answer.returncode, json.loads(answer.stdout)


def differences(settings: Settings) -> dict[str, int]:
    wanted = ("disclosures logged", "exchanged events")
    return {row.effect: row.difference for row in rows(settings) if row.effect.startswith(wanted)}


@pytest.fixture(scope="module")
def refused(servers: Settings) -> Iterator[dict[str, int]]:
    """Events about somebody on file and somebody who is not, exchanged by a clock that is behind; and the ledger."""
    look = lag.Inspector(servers)
    with postgres.connect(servers, "operator") as connection:
        connection.execute(
            "insert into directory.dossier (person, institution, quality, since)"
            " values (%s, 'rva', '18/1', '2020-01-01')",
            (ON_FILE,),
        )
    with running(servers.home, "relay", "replay", "audit"), pytest.MonkeyPatch.context() as patch:
        unexchanged = partial(look.behind, DECLARATIONS, look.committed)
        unrecorded = partial(look.behind, (DISCLOSURES,), partial(look.stored, "kruispunt", "audit"))
        right = exchange.Exchange.open(servers, structlog.get_logger())
        until(lambda: not look.unpublished("register"), "nothing is published")
        until(lambda: not right.handle_batch() and not unexchanged(), "nothing is exchanged")
        right.close()
        patch.setattr(exchange, "datetime", Slow)
        accept(servers, MARK, (ON_FILE, UNKNOWN), "withheld")
        wrong = exchange.Exchange.open(servers, structlog.get_logger())
        until(lambda: not look.unpublished("register"), "nothing is published")
        until(lambda: not wrong.handle_batch() and not unexchanged(), "nothing is exchanged")
        wrong.close()
        until(lambda: not unrecorded(), "nothing is on record")
        yield differences(servers)
    look.close()


def test_what_a_wrong_day_refused_is_shown_first_and_then_delivered_once(
    servers: Settings, refused: dict[str, int]
) -> None:
    assert copies(servers, MARK) == []
    assert facts(servers) == {}
    code, shown = rejudge(servers, "--dry-run")
    assert code == 1
    assert not shown["done"]
    assert {one["recipient"] for one in shown["delivered"]} >= {"rva", "rules"}
    assert copies(servers, MARK) == []
    code, made = rejudge(servers)
    assert code == 0
    assert made["delivered"] == shown["delivered"]
    found = copies(servers, MARK)
    assert {one["event"] for one in found} == {derive(MARK, ON_FILE, "withheld")}
    assert len(found) == len({one["deliberation"] for one in found})
    assert {one["replay"] for one in found} == {True}
    # The log names nobody's refusal about who is on file nowhere; the rules were to have it all the same.
    assert set(facts(servers)) == {pseudonym(servers.pepper(), person) for person in (ON_FILE, UNKNOWN)}
    before = facts(servers), len(found)
    assert rejudge(servers)[1]["delivered"] == []
    assert (facts(servers), len(copies(servers, MARK))) == before
    assert differences(servers) == refused


def test_judging_again_is_an_act_with_its_reason(servers: Settings, refused: dict[str, int]) -> None:
    rejudge(servers, "--dry-run")
    with postgres.connect(servers, "auditor") as connection:
        found = [
            json.loads(line)
            for (line,) in connection.execute("select line from audit.act order by number desc limit 9")
        ]
    assert {"read what was judged", "judged again"} <= {one["action"] for one in found}
    assert {one["detail"].get("reason") for one in found} >= {"the clock was behind"}

"""What could not be handled waits for somebody's decision: put back once it is mended, or dropped for a reason."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, NamedTuple, NoReturn

import orjson
import pytest
from confluent_kafka import Message, TopicPartition

from backbone import kafka, logs, postgres
from backbone.errors import Retry
from backbone.settings import Settings
from consumers import acts
from consumers.exchange.run import Exchange
from kruispunt.commands.accounts import dead_letters as commands
from kruispunt.commands.stack import wait as waiting
from kruispunt.dead_letters import closings
from kruispunt.monitoring import lag
from schemas.codec import encode, encode_body
from schemas.contracts import contract
from schemas.dead_letter import NO_VALUE, Origin, dead_letter
from schemas.identifiers import derive, inss, pseudonym
from schemas.registry import SchemaBook, UnknownSchema
from schemas.samples import sample
from schemas.topics import DEAD_LETTERS, DECLARATIONS, FACTS, FINDINGS, delivery
from tests.builders.processes import as_process, start, within
from tests.builders.waiting import until

KIND = "declarations.working-time"
PERSON = inss(690404111, after_2000=False)
MARK = str(time.time_ns())
EVENT = derive("dead", MARK)
PATIENCE_S = 120.0
NOW = datetime(2026, 11, 20, tzinfo=UTC)
PARTITION = 1


Dead = Callable[..., "Answer"]


class Nothing(SchemaBook):
    """What an exchange of an older version knows of a schema that came later."""

    def get(self, number: int) -> NoReturn:
        raise UnknownSchema(number)


class Answer(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def dead(servers: Settings) -> Dead:
    """The command `dead` on servers of which no letter is open."""

    def run(*arguments: str) -> Answer:
        return command(servers, "dead", *arguments)

    if left := [one["letter"] for one in listed(run)]:
        assert run("drop", *left, "--reason", "left by others").code == 0
    return run


def command(settings: Settings, *arguments: str) -> Answer:
    found = within(settings.home, *arguments, COLUMNS="200")
    return Answer(found.returncode, found.stdout, found.stderr)


def listed(dead: Dead, *more: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = orjson.loads(dead("list", *more, "--json").out)["dead_letters"]
    return answer


class Relay:
    """The relay, which can be killed and started again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.start()

    def start(self) -> None:
        self._process = start(self._settings.home, "relay")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def relay(servers: Settings) -> Iterator[Relay]:
    started = Relay(servers)
    yield started
    started.kill()


@pytest.fixture(scope="module")
def exchange(servers: Settings) -> Iterator[Exchange]:
    opened = Exchange.open(servers, logs.configure("exchange", servers.log_level))
    yield opened
    opened.close()


def published(settings: Settings) -> None:
    """Wait until the relay has published what is in the outboxes."""
    look = lag.Inspector(settings)
    try:
        until(
            lambda: not look.unpublished("register") + look.unpublished("dead"),
            "the relay publishes nothing",
            PATIENCE_S,
        )
    finally:
        look.close()


def exchange_all(settings: Settings, exchange: Exchange, schemas: SchemaBook | None = None) -> None:
    """Exchange until nothing waits, knowing these schemas only."""
    exchange._schemas = schemas or SchemaBook()
    look = lag.Inspector(settings)
    try:
        until(
            lambda: not exchange.handle_batch() and not look.behind(DECLARATIONS, look.committed),
            "the exchange does not come to its end",
            PATIENCE_S,
        )
    finally:
        look.close()


def ends(settings: Settings, topic: str) -> list[TopicPartition]:
    reader = kafka.end_reader(settings, "inspector")
    try:
        places = [TopicPartition(topic, number) for number in kafka.partitions_of(reader, topic)]
        return [TopicPartition(topic, one.partition, reader.get_watermark_offsets(one)[1]) for one in places]
    finally:
        reader.close()


def since(settings: Settings, places: list[TopicPartition]) -> list[Message]:
    again = [TopicPartition(one.topic, one.partition, one.offset) for one in places]
    return list(kafka.read_to_end(settings, "inspector", again))


def put(settings: Settings, topic: str, value: bytes | None, key: bytes | None = None) -> int:
    """Write a record as the relay; gives its offset."""
    offsets: list[int] = []
    target = kafka.producer(settings, "relay")
    target.produce(
        topic, value, key, PARTITION, on_delivery=lambda _, message: offsets.append(int(message.offset() or 0))
    )
    assert target.flush(PATIENCE_S) == 0
    return offsets[0]


def declare(settings: Settings) -> None:
    """A person on file at the employment office, and an event about that person on its way."""
    with postgres.connect(settings, "operator") as connection:
        connection.execute(
            "insert into directory.dossier (person, institution, quality, since) values (%s, 'rva', '18/1', %s)"
            " on conflict do nothing",
            (PERSON, date(2020, 1, 1)),
        )
    record = sample(KIND) | {"event": EVENT, "declaration": MARK, "person": PERSON, "quarter": "2026Q3"}
    value = contract(KIND).prefix + encode_body(contract(KIND), record)
    with postgres.connect(settings, "intake") as connection:
        connection.execute(
            "insert into register.outbox (topic, key, value) values (%s, %s, %s)",
            (KIND, pseudonym(settings.pepper(), PERSON), value),
        )


def about(settings: Settings, letter: str) -> list[dict[str, Any]]:
    """The acts about a letter, in order."""
    with postgres.connect(settings, "auditor") as connection:
        query = "select line::jsonb from audit.act where line::jsonb ->> 'about' = %s order by number"
        return [line for (line,) in connection.execute(query, (letter,))]


@pytest.fixture
def short_wait(servers: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """The command `wait`, of the stages that run here."""
    look = lag.Inspector(servers)
    here = [
        lag.Stage("relay register", partial(look.unpublished, "register")),
        lag.Stage("relay dead", partial(look.unpublished, "dead")),
        lag.Stage("exchange", partial(look.behind, DECLARATIONS, look.committed)),
    ]
    monkeypatch.setenv("KRUISPUNT_HOME", str(servers.home))
    monkeypatch.setattr(waiting, "stages", lambda _config: here)
    yield lambda: waiting.wait(PATIENCE_S)
    look.close()


def test_an_event_given_up_is_delivered_once_when_what_was_wrong_is_mended(
    servers: Settings,
    dead: Dead,
    relay: Relay,
    exchange: Exchange,
    short_wait: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = ends(servers, delivery("rva"))
    published(servers)
    exchange_all(servers, exchange)
    declare(servers)
    published(servers)
    assert dead().code == 0
    exchange_all(servers, exchange, Nothing())
    # Somebody must decide: every command says so, and none shows whom it is about.
    plain, (letter,) = dead(), listed(dead)
    name = letter["letter"]
    assert plain.code == 1
    assert name in plain.out
    assert PERSON not in plain.out
    assert (letter["stage"], letter["topic"], letter["events"], letter["state"]) == ("exchange", KIND, [EVENT], "open")
    assert closings.open_by_stage(servers) == {"exchange": 1}
    began = time.monotonic()
    assert short_wait() == 1
    assert time.monotonic() - began < PATIENCE_S / 2
    assert "1 dead letters wait for a decision" in capsys.readouterr().err
    shown = as_process(servers.home, "status", "--json")
    assert orjson.loads(shown.stdout)["dead_letters"] == 1
    # Who looks is on record before anything is shown.
    found = orjson.loads(dead("show", name, "--json").out)
    assert found["content"]["record"]["person"] == PERSON
    (look,) = about(servers, name)
    assert (look["action"], look["by"]) == ("looked at a dead letter", "operator")
    assert look["detail"]["persons"] == [pseudonym(servers.pepper(), PERSON).hex()]

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise Retry("The record of acts cannot be written.")

    with monkeypatch.context() as unwritable:
        unwritable.setattr(acts, "note", refuse)
        with pytest.raises(Retry):
            commands.show(name, json=False)
        with pytest.raises(Retry):
            commands.put_back([name], everything=False, stage=None, json=False)
    assert PERSON not in capsys.readouterr().out
    # The exchange knows the schema now; whoever publishes is killed in between.
    relay.kill()
    assert dead("replay", name).code == 0
    again = dead("replay", name)
    assert (again.code, "Closed already" in again.err) == (1, True)
    relay.start()
    published(servers)
    relay.kill()
    relay.start()
    published(servers)
    exchange_all(servers, exchange)
    copies = [one for one in since(servers, before) if EVENT.encode() in (one.value() or b"")]
    assert len(copies) == 1
    assert (dead().code, short_wait()) == (0, 0)
    (kept,) = [one for one in listed(dead, "--all") if one["letter"] == name]
    assert (kept["state"], kept["closed"]["by"]) == ("replayed", "operator")
    assert [one["action"] for one in about(servers, name)] == ["looked at a dead letter", "replayed a dead letter"]


def test_what_is_unreadable_again_is_another_letter_and_is_dropped_for_a_reason(
    servers: Settings, dead: Dead, relay: Relay, exchange: Exchange
) -> None:
    put(servers, KIND, f"nonsense {MARK}".encode(), b"k" * 16)
    exchange_all(servers, exchange)
    (first,) = listed(dead)
    assert dead("replay", "--stage", "exchange").code == 0
    published(servers)
    exchange_all(servers, exchange)
    (second,) = listed(dead)
    assert (second["topic"], second["partition"]) == (KIND, PARTITION)
    assert (second["letter"] != first["letter"], second["offset"] > first["offset"]) == (True, True)
    assert dead("drop", second["letter"]).code == 2
    assert dead("drop", second["letter"], "--reason", " ").code == 2
    assert dead().code == 1
    assert dead("drop", second["letter"], "--reason", "sent by mistake").code == 0
    assert dead().code == 0
    (act,) = about(servers, second["letter"])
    assert (act["action"], act["detail"]["reason"]) == ("dropped a dead letter", "sent by mistake")
    assert dead("show", second["letter"], "--json").code == 0
    assert dead("drop", "0" * 16, "--reason", "unknown").code == 1


def letter_of(topic: str, offset: int, key: bytes | None, value: bytes | None) -> bytes:
    return dead_letter(Origin(topic, PARTITION, offset), "test", "unreadable", "a test", key, value, NOW)


def of_its_place_only(topic: str, offset: int) -> bytes:
    record = {
        "topic": topic, "partition": PARTITION, "offset": offset, "stage": "test", "code": "unreadable",
        "reason": "too many for a letter", "key": b"k" * 16, "value": None, "at": NOW,
    }  # fmt: skip
    return encode(contract(DEAD_LETTERS), record)


def test_messages_go_back_in_order_to_where_they_came_from_and_what_is_gone_stays_open(
    servers: Settings, dead: Dead, relay: Relay
) -> None:
    bundle = encode(
        contract(FACTS), {"at": NOW, "facts": [{"person": b"k" * 16, "contract": 1, "body": MARK.encode()}]}
    )
    large = f"kept on its topic {MARK}".encode()
    there = put(servers, FINDINGS, large, b"k" * 16)
    before = [*ends(servers, FINDINGS), *ends(servers, FACTS)]
    made = [
        letter_of(FINDINGS, there + 9, b"b" * 16, f"later {MARK}".encode()),
        letter_of(FINDINGS, there + 5, b"a" * 16, f"earlier {MARK}".encode()),
        letter_of(FACTS, 3, b"k" * 16, bundle),
        of_its_place_only(FINDINGS, there),
        of_its_place_only(FINDINGS, there + 10**9),
        letter_of(FINDINGS, 7, b"n" * 16, None),
        b"not a letter",
    ]
    for value in made:
        put(servers, DEAD_LETTERS, value, b"k" * 16)
    answer = dead("replay", "--all", "--json")
    assert answer.code == 1
    said = orjson.loads(answer.out)
    assert len(said["replayed"]) == 4
    assert {one["why"].split(",")[0] for one in said["left"]} == {
        "Only its position was kept", "This message has no value.", "This letter itself cannot be read.",
    }  # fmt: skip
    published(servers)
    found = [(one.topic(), one.partition(), one.key(), one.value()) for one in since(servers, before)]
    assert [one for one in found if one[0] == FACTS] == [(FACTS, PARTITION, None, bundle)]
    assert [one for one in found if one[0] == FINDINGS] == [
        (FINDINGS, PARTITION, b"k" * 16, large),
        (FINDINGS, PARTITION, b"a" * 16, f"earlier {MARK}".encode()),
        (FINDINGS, PARTITION, b"b" * 16, f"later {MARK}".encode()),
    ]
    left = listed(dead)
    assert {one["code"] for one in left} == {"unreadable", NO_VALUE, "unreadable-letter"}
    assert dead("drop", *(one["letter"] for one in left), "--reason", "the end of a test").code == 0
    assert dead().code == 0

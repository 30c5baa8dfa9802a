"""A connection that leads nowhere any more is noticed, at both of its ends, and in time."""

import os
import select
import socket
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from backbone import kafka, postgres
from backbone.settings import Settings
from backbone.stack.kafka import CLEANUP_MS
from backbone.standby import AGAIN_S
from schemas.roles import Role
from tests import lost_host

TAKEN_OVER_S = 30


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for kind in ("kafka", "postgres"):
        secret = tmp_path / "secrets" / kind / "relay"
        secret.parent.mkdir(parents=True)
        secret.touch(mode=0o600)
        secret.write_text("secret", "utf-8")
    return Settings(home=tmp_path)


def test_a_client_of_postgresql_gives_up_a_server_that_is_silent(settings: Settings) -> None:
    asked = {name: str(value) for name, value in conninfo_to_dict(postgres.conninfo(settings, "relay")).items()}
    assert asked["keepalives"] == "1"
    probed = int(asked["keepalives_idle"]) + int(asked["keepalives_count"]) * int(asked["keepalives_interval"])
    assert probed == int(asked["tcp_user_timeout"]) / 1000 == postgres.SILENT_S
    assert int(asked["connect_timeout"]) <= postgres.SILENT_S


def test_the_server_gives_up_a_client_that_is_silent_as_soon() -> None:
    asked = postgres.SERVER_HEARTBEAT
    probed = int(asked["tcp_keepalives_idle"])
    probed += int(asked["tcp_keepalives_count"]) * int(asked["tcp_keepalives_interval"])
    assert asked["tcp_user_timeout"] == str(probed * 1000)
    assert probed + AGAIN_S < TAKEN_OVER_S / 2


def test_a_standby_reads_within_half_a_minute_what_a_lost_writer_hid(settings: Settings) -> None:
    session_ms = settings.kafka_session_seconds * 1000
    # The broker ends the open transaction of a lost writer, and sees that its time is up only now and then.
    hidden_ms = kafka.TRANSACTION_SESSIONS * session_ms + CLEANUP_MS
    assert max(session_ms, hidden_ms) < TAKEN_OVER_S * 1000 * 2 / 3


@pytest.mark.parametrize("seconds", [1.0, 10.0, 60.0])
def test_a_client_of_kafka_gives_up_a_broker_that_is_silent(settings: Settings, seconds: float) -> None:
    given = settings.model_copy(update={"kafka_session_seconds": seconds})
    config = kafka.client(given, "relay")
    assert config["socket.keepalive.enable"] is True
    assert config["socket.connection.setup.timeout.ms"] <= kafka.ANSWER_MS
    assert config["socket.timeout.ms"] <= kafka.ANSWER_MS
    # The library refuses a writer whose transaction may be over before an answer comes.
    kafka.producer(given, "relay", "relay-register").flush(0)
    kafka.consumer(given, "relay", "relay").close()


def test_the_loss_that_tests_bring_about_is_noticed_by_who_misses_an_answer_and_by_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    probing = ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 1))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        clients = [socket.create_connection(listening.getsockname()) for _ in range(2)]
        watchful, careless = (listening.accept()[0] for _ in clients)
    # The clients probe, as ours do: they, too, must not tell the other side that it is over.
    for one in (watchful, *clients):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, seconds in probing:
            one.setsockopt(socket.IPPROTO_TCP, option, seconds)
    copies = [socket.socket(fileno=os.dup(client.fileno())) for client in clients]
    monkeypatch.setattr(lost_host, "_connections", lambda: copies)
    lost_host._cut()
    assert select.select([watchful, careless], [], [], 10)[0] == [watchful]
    with pytest.raises(TimeoutError):
        watchful.recv(1)
    assert select.select([careless], [], [], 1)[0] == []
    lost_host._mend()
    careless.sendall(b"here again")
    assert clients[1].recv(10) == b"here again"
    for one in (watchful, careless, *clients, *copies):
        one.close()


def test_a_role_reaches_the_client_of_kafka_as_an_exact_string(settings: Settings) -> None:
    config = kafka.client(settings, Role.RELAY)
    assert {name: type(config[name]) for name in ("sasl.username", "client.id")} == {
        "sasl.username": str,
        "client.id": str,
    }
    kafka.producer(settings, Role.RELAY, Role.RELAY).flush(0)
    kafka.consumer(settings, Role.RELAY, Role.RELAY).close()

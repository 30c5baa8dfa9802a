"""Every certificate is seen as it is served, whatever it is worth, and warned of in time."""

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509

from backbone import served
from backbone.errors import Stop
from backbone.served import Certificate
from backbone.settings import Settings
from backbone.stack import certificates as embedded
from backbone.stack.places import Places
from kruispunt.monitoring import certificates

DAY = dt.timedelta(days=1)
NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "home")
    found.make()
    embedded.ensure(found)
    return found


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that answers everybody so; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        answer(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def over_tls(places: Places) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(embedded.server(places))

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1)

    return answer


def postgresql(places: Places, said: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        assert connection.recv(8) == served.ASK_FOR_TLS
        connection.sendall(said)
        if said == served.YES:
            over_tls(places)(connection)

    return answer


def seen(places: Places, kafka: int, postgres: int) -> dict[str, dt.datetime | None]:
    config = Settings(
        home=places.home, kafka_bootstrap=f"127.0.0.1:{kafka}", kafka_ca=places.ca, postgres_port=postgres,
        smtp_tls="none",
    )  # fmt: skip
    return {one.owner.partition(" ")[0]: one.ends for one in served.look(config)}


def end(places: Places) -> dt.datetime:
    return x509.load_pem_x509_certificate(embedded.server(places).read_bytes()).not_valid_after_utc


def test_the_certificate_of_each_server_is_the_one_it_serves(places: Places) -> None:
    with serving(over_tls(places)) as kafka, serving(postgresql(places, served.YES)) as postgres:
        found = seen(places, kafka, postgres)
    assert (found["kafka"], found["postgres"]) == (end(places), end(places))
    assert found["authority"] == x509.load_pem_x509_certificate(places.ca.read_bytes()).not_valid_after_utc


def test_one_that_has_ended_is_seen_too(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LIFETIME", -DAY / 48)
    embedded.renew(places)
    with serving(over_tls(places)) as kafka, serving(postgresql(places, served.YES)) as postgres:
        found = seen(places, kafka, postgres)
    assert found["kafka"] == end(places) < dt.datetime.now(dt.UTC)


def test_a_server_that_speaks_no_tls_or_does_not_answer_shows_none(places: Places) -> None:
    with serving(postgresql(places, b"N")) as postgres:
        found = seen(places, 1, postgres)
    assert (found["kafka"], found["postgres"]) == (None, None)


def test_an_authority_with_two_certificates_for_its_key_ends_with_the_later_one(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "LIFETIME", embedded.AUTHORITY_LIFETIME + DAY)
    monkeypatch.setattr(embedded, "AUTHORITY_LIFETIME", 2 * embedded.AUTHORITY_LIFETIME)
    assert embedded.renew(places) is embedded.Renewal.RENEWED
    first, second = x509.load_pem_x509_certificates(places.ca.read_bytes())
    (found,) = served._authorities(places.ca)
    assert found.ends == first.not_valid_after_utc > second.not_valid_after_utc


def test_a_file_of_authorities_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"nowhere\.pem cannot be read"):
        served.look(Settings(home=tmp_path, kafka_bootstrap="127.0.0.1:1", kafka_ca=tmp_path / "nowhere.pem"))


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (61 * DAY, []),
        (60 * DAY, ["The certificate of kafka 10.0.0.1:9094 ends on 2027-01-27 12:00 UTC."]),
        (DAY / 2, ["The certificate of kafka 10.0.0.1:9094 ends on 2026-11-29 00:00 UTC."]),
        (-DAY, ["The certificate of kafka 10.0.0.1:9094 ended on 2026-11-27 12:00 UTC."]),
    ],
)
def test_a_certificate_is_warned_of_from_sixty_days_before_its_end(left: dt.timedelta, said: list[str]) -> None:
    found = [Certificate("kafka 10.0.0.1:9094", NOW + left), Certificate("mail 10.0.0.1:25", None)]
    assert certificates.warnings(found, NOW) == said
    assert [entry["warning"] for entry in certificates.entries(found, NOW)] == [bool(said), False]
    assert [entry["days"] for entry in certificates.entries(found, NOW)] == [left // DAY, None]

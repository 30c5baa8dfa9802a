"""Asks every server which certificate it serves, and when that ends; also one that has ended is seen."""

import datetime as dt
import smtplib
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from backbone.errors import Stop
from backbone.settings import Settings

AHEAD = dt.timedelta(days=60)
"""How long before a certificate expires there is a warning."""
TIMEOUT_S = 3.0
ASK_FOR_TLS = struct.pack("!ii", 8, 80877103)
"""What a client of PostgreSQL sends first; the answer is S for yes."""
YES = b"S"
HERE = "localhost"
"""As whom a mail server is greeted: looking the real name up can take long."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Whose certificate it is, and when it expires; None where no server answers."""

    owner: str
    ends: dt.datetime | None
    of_server: bool = True

    def days(self, now: dt.datetime) -> int | None:
        """Whole days that are left; negative once it has ended."""
        return (self.ends - now).days if self.ends else None

    def ends_soon(self, now: dt.datetime) -> bool:
        """Whether it is time to renew it."""
        return self.ends is not None and self.ends - now <= AHEAD


def _context() -> ssl.SSLContext:
    """Trusts every certificate: nothing is sent over these connections."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _shown(connection: socket.socket, host: str) -> bytes | None:
    with _context().wrap_socket(connection, server_hostname=host) as secured:
        return secured.getpeercert(binary_form=True)


def _at_once(host: str, port: int) -> bytes | None:
    with socket.create_connection((host, port), TIMEOUT_S) as connection:
        return _shown(connection, host)


def _of_postgresql(host: str, port: int) -> bytes | None:
    with socket.create_connection((host, port), TIMEOUT_S) as connection:
        connection.sendall(ASK_FOR_TLS)
        return _shown(connection, host) if connection.recv(1) == YES else None


def _after_starttls(host: str, port: int) -> bytes | None:
    with smtplib.SMTP(host, port, HERE, TIMEOUT_S) as client:
        client.starttls(context=_context())
        return client.sock.getpeercert(binary_form=True) if isinstance(client.sock, ssl.SSLSocket) else None


def _servers(settings: Settings) -> Iterator[tuple[str, Callable[[str, int], bytes | None], str, int]]:
    """Every server that is reached over TLS, and how it shows its certificate."""
    for broker in settings.kafka_bootstrap.split(","):
        host, _, port = broker.rpartition(":")
        yield "kafka", _at_once, host.strip(" []"), int(port)
    if settings.postgres_sslmode != "disable":
        yield "postgres", _of_postgresql, settings.postgres_host, settings.postgres_port
    if settings.smtp_tls != "none":
        ask = _after_starttls if settings.smtp_tls == "starttls" else _at_once
        yield "mail", ask, settings.smtp_host, settings.smtp_port


def _of_server(name: str, ask: Callable[[str, int], bytes | None], host: str, port: int) -> Certificate:
    try:
        shown = ask(host, port)
    except (OSError, smtplib.SMTPException):
        shown = None
    ends = x509.load_der_x509_certificate(shown).not_valid_after_utc if shown else None
    return Certificate(f"{name} {host}:{port}", ends)


def _authorities(path: Path) -> Iterator[Certificate]:
    """Every authority of a file once: with several certificates for one key, the last to end counts.

    Raises Stop when the file cannot be read.
    """
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Stop(f"The certificates in {path} cannot be read.", "Put the authority's certificate there.") from error
    newest: dict[bytes, x509.Certificate] = {}
    for one in sorted(found, key=lambda certificate: certificate.not_valid_after_utc):
        newest[one.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)] = one
    for one in newest.values():
        names = one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        name = str(names[0].value) if names else one.subject.rfc4514_string()
        yield Certificate(f"authority {name}", one.not_valid_after_utc, of_server=False)


def look(settings: Settings) -> list[Certificate]:
    """The certificates of all authorities that are trusted, and of all servers that are reached over TLS.

    Raises Stop when the file of authorities cannot be read.
    """
    files = dict.fromkeys(filter(None, (settings.kafka_ca, settings.postgres_ca, settings.smtp_ca)))
    servers = list(_servers(settings))
    with ThreadPoolExecutor(len(servers)) as pool:
        return [
            *(one for path in files for one in _authorities(path)),
            *pool.map(lambda one: _of_server(*one), servers),
        ]

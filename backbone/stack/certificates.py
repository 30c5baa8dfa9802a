"""Makes and renews the stack's certificate authority and its servers' certificate; only the owner reads the keys."""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from backbone.stack.places import Places, write_private

LIFETIME = dt.timedelta(days=825)
"""Of a server's certificate: what clients that follow the rules of browsers still take."""
AUTHORITY_LIFETIME = dt.timedelta(days=3650)
"""Clients have a copy of it: it changes as seldom as can be."""
CLOCK_SKEW = dt.timedelta(hours=1)
SERVER = "broker"
"""The certificate's common name: Kafka takes it for the user of the listeners between brokers and controllers."""
PEM = serialization.Encoding.PEM


class Renewal(Enum):
    """What a renewal did to the authority that clients trust."""

    KEPT = "kept"
    """Nothing: its end is far away."""
    RENEWED = "renewed"
    """It has another certificate for the same key: who trusts one of the two trusts what the authority signs."""
    ANNOUNCED = "announced"
    """A second authority is trusted from now on; it signs at the next renewal, when all clients know it."""


@dataclass(frozen=True)
class Authority:
    """A certificate that signs others, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def server(places: Places) -> Path:
    """The servers' key, their certificate, and that of its authority."""
    return places.certificates / "server.pem"


def _authority_key(places: Places) -> Path:
    return places.certificates / "authority.key"


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, end: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - CLOCK_SKEW)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _certify(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> Authority:
    """An authority of this name with this key, from now on."""
    certificate = (
        _begin(name, name, key, _now() + AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _found(places: Places) -> Authority:
    """An authority with a key of its own, which is kept; no client trusts it yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    # Two authorities of one name would be tried one for the other.
    mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:8]
    authority = _certify(_name(f"Kruispunt embedded stack {places.key} {mark}"), key)
    write_private(_authority_key(places), _private(key))
    return authority


def _issue(places: Places, authority: Authority) -> None:
    """Put a new key and certificate for the servers in their place; none outlives its authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    certificate = (
        _begin(_name(SERVER), issuer.subject, key, min(_now() + LIFETIME, issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    write_private(server(places), _private(key) + certificate.public_bytes(PEM) + issuer.public_bytes(PEM))


def _publish(places: Places, authorities: Sequence[x509.Certificate]) -> None:
    write_private(places.ca, b"".join(authority.public_bytes(PEM) for authority in authorities))
    places.ca.chmod(0o644)


def ensure(places: Places) -> None:
    """Make the authority and the servers' certificate where there are none."""
    if places.ca.exists() and server(places).exists():
        return
    authority = _found(places)
    _issue(places, authority)
    _publish(places, [authority.certificate])


def _signing(places: Places, trusted: Sequence[x509.Certificate]) -> Authority | None:
    """The authority whose key is kept; None where it is not, or where no client was given its certificate."""
    path = _authority_key(places)
    if not path.exists():
        return None
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    mine = [certificate for certificate in trusted if certificate.public_key() == key.public_key()]
    return Authority(max(mine, key=lambda one: one.not_valid_after_utc), key) if mine else None


def _signed(certificate: x509.Certificate, authority: Authority) -> bool:
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def renew(places: Places) -> Renewal:
    """Make a new certificate for the servers, and of the authority when that would end before it.

    Whoever trusts the file of authorities as it was trusts the new certificate, and whoever trusts it as it is now
    trusts the old one: servers and clients read their files again in any order. Where the key of the authority was not
    kept, another authority is announced first, and signs at the next renewal; the one before is dropped at the one
    after that. Interrupted anywhere, it is done again.
    """
    now = _now()
    trusted = x509.load_pem_x509_certificates(places.ca.read_bytes())
    in_use = x509.load_pem_x509_certificate(server(places).read_bytes())
    authority, change = _signing(places, trusted), Renewal.KEPT
    if authority is None:
        authority, change = _found(places), Renewal.ANNOUNCED
        trusted = [authority.certificate, *trusted]
    elif authority.certificate.not_valid_after_utc < now + LIFETIME:
        authority, change = _certify(authority.certificate.subject, authority.key), Renewal.RENEWED
        trusted = [authority.certificate, *trusted]
    if _signed(in_use, authority):
        trusted = [one for one in trusted if one.public_key() == authority.key.public_key()]
    _publish(places, [one for one in trusted if one.not_valid_after_utc > now])
    # No connection relies on a certificate that has expired.
    if change is not Renewal.ANNOUNCED or in_use.not_valid_after_utc <= now:
        _issue(places, authority)
    return change

"""Certificates are renewed without a moment in which a client and a server do not trust each other."""

import datetime as dt
import itertools
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from backbone.stack import certificates
from backbone.stack.certificates import Renewal, ensure, renew, server
from backbone.stack.places import Places

DAY = dt.timedelta(days=1)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "home")
    found.make()
    return found


def trusts(authorities: bytes, pem: bytes, folder: Path) -> bool:
    """Whether a client that has read these authorities takes a server that has read this certificate."""
    path = folder / "server.pem"
    path.write_bytes(pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path)
    asking = ssl.create_default_context(cadata=authorities.decode())
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(inward, outward, server_hostname="127.0.0.1")
    host = serving.wrap_bio(outward, inward, server_side=True)
    for _ in range(4):
        for side in (client, host):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return bool(client.getpeercert())


def ends(places: Places) -> list[dt.datetime]:
    return [one.not_valid_after_utc for one in x509.load_pem_x509_certificates(places.ca.read_bytes())]


def end(places: Places) -> dt.datetime:
    return x509.load_pem_x509_certificate(server(places).read_bytes()).not_valid_after_utc


def test_an_authority_with_years_left_is_kept(places: Places, tmp_path: Path) -> None:
    ensure(places)
    ca, pem = places.ca.read_bytes(), server(places).read_bytes()
    assert renew(places) is Renewal.KEPT
    assert places.ca.read_bytes() == ca
    assert server(places).read_bytes() != pem
    assert trusts(ca, server(places).read_bytes(), tmp_path)


def test_an_authority_near_its_end_is_renewed_and_each_side_trusts_the_other_whoever_reads_first(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(certificates, "AUTHORITY_LIFETIME", 100 * DAY)
        ensure(places)
    (first,) = ends(places)
    # Nothing a server has outlives its authority.
    assert end(places) == first
    ca, pem = places.ca.read_bytes(), server(places).read_bytes()
    assert renew(places) is Renewal.RENEWED
    new_ca, new_pem = places.ca.read_bytes(), server(places).read_bytes()
    assert ends(places)[1] == first
    assert ends(places)[0] > first + 3000 * DAY
    assert end(places) > first + 700 * DAY
    for authorities in (ca, new_ca):
        for serving in (pem, new_pem):
            assert trusts(authorities, serving, tmp_path)
    # Also once the certificate before is not in the file any more.
    alone = x509.load_pem_x509_certificates(new_ca)[0].public_bytes(certificates.PEM)
    assert trusts(alone, pem, tmp_path)
    assert trusts(alone, new_pem, tmp_path)
    assert renew(places) is Renewal.KEPT
    assert places.ca.read_bytes() == new_ca


def test_an_authority_whose_key_is_gone_is_followed_by_another_in_three_steps_each_trusted_by_the_step_before(
    places: Places, tmp_path: Path
) -> None:
    ensure(places)
    (places.certificates / "authority.key").unlink()
    steps = [(places.ca.read_bytes(), server(places).read_bytes())]
    for expected in (Renewal.ANNOUNCED, Renewal.KEPT, Renewal.KEPT):
        assert renew(places) is expected
        steps.append((places.ca.read_bytes(), server(places).read_bytes()))
    first, announced, signed, over = steps
    assert announced[1] == first[1]
    for before, after in itertools.pairwise(steps):
        assert trusts(before[0], after[1], tmp_path)
        assert trusts(after[0], before[1], tmp_path)
    assert not trusts(first[0], signed[1], tmp_path)
    assert not trusts(over[0], first[1], tmp_path)
    assert [len(x509.load_pem_x509_certificates(ca)) for ca, _ in steps] == [1, 2, 2, 1]


def test_an_authority_that_was_made_and_never_published_signs_nothing(places: Places, tmp_path: Path) -> None:
    """Killed between the key of a new authority and the file that clients trust."""
    ensure(places)
    (places.certificates / "authority.key").unlink()
    certificates._found(places)
    ca = places.ca.read_bytes()
    assert renew(places) is Renewal.ANNOUNCED
    assert trusts(ca, server(places).read_bytes(), tmp_path)
    assert renew(places) is Renewal.KEPT
    assert trusts(places.ca.read_bytes(), server(places).read_bytes(), tmp_path)


def test_servers_whose_certificate_has_ended_get_another_at_once(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(certificates, "AUTHORITY_LIFETIME", -DAY / 48)
        ensure(places)
    (places.certificates / "authority.key").unlink()
    assert not trusts(places.ca.read_bytes(), server(places).read_bytes(), tmp_path)
    assert renew(places) is Renewal.ANNOUNCED
    assert len(ends(places)) == 1
    assert trusts(places.ca.read_bytes(), server(places).read_bytes(), tmp_path)


def test_only_the_owner_reads_the_keys(places: Places) -> None:
    ensure(places)
    renew(places)
    modes = {path.name: path.stat().st_mode & 0o777 for path in places.certificates.iterdir()}
    assert modes == {"authority.key": 0o600, "server.pem": 0o600, "ca.pem": 0o644}

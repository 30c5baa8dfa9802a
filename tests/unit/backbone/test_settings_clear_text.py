"""A process talks to PostgreSQL over TLS, to a server it has verified, unless neither leaves this machine."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from backbone import postgres
from backbone.errors import Stop
from backbone.settings import PostgresServer, Settings, load


def conninfo(settings: Settings) -> dict[str, object]:
    secret = settings.secrets_folder / "postgres" / "rva"
    secret.parent.mkdir(parents=True)
    secret.touch(mode=0o600)
    return dict(conninfo_to_dict(postgres.conninfo(settings, "rva")))


def test_who_says_nothing_gets_a_verified_server(tmp_path: Path) -> None:
    assert conninfo(Settings(home=tmp_path, postgres_host="db.example"))["sslmode"] == "verify-full"


def test_the_authority_that_is_named_is_the_one_that_verifies(tmp_path: Path) -> None:
    found = conninfo(Settings(home=tmp_path, postgres_host="db.example", postgres_ca=tmp_path / "ca.crt"))
    assert (found["sslmode"], found["sslrootcert"]) == ("verify-full", str(tmp_path / "ca.crt"))


@pytest.mark.parametrize("mode", ["allow", "prefer", "require", "verify-ca"])
def test_nothing_that_can_fall_back_or_trusts_anybody_can_be_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("KRUISPUNT_POSTGRES_SSLMODE", mode)
    with pytest.raises(Stop, match=r"postgres_sslmode: Input should be 'disable' or 'verify-full'"):
        load(tmp_path)


@pytest.mark.parametrize("host", ["db.example", "10.1.2.3", "::2", "localhost.example", "128.0.0.1", "0.0.0.0"])  # noqa: S104
def test_clear_text_is_refused_to_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("KRUISPUNT_POSTGRES_HOST", host)
    monkeypatch.setenv("KRUISPUNT_POSTGRES_SSLMODE", "disable")
    with pytest.raises(Stop, match="only on this machine"):
        load(tmp_path)


def test_clear_text_is_refused_to_a_server_of_an_institution_elsewhere(tmp_path: Path) -> None:
    elsewhere = {"rva": PostgresServer(host="db.example")}
    with pytest.raises(ValueError, match=r"only on this machine, and db\.example is not"):
        Settings(home=tmp_path, postgres_sslmode="disable", postgres_elsewhere=elsewhere)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "/var/run/postgresql"])
def test_clear_text_may_stay_on_this_machine(tmp_path: Path, host: str) -> None:
    assert conninfo(Settings(home=tmp_path, postgres_host=host, postgres_sslmode="disable"))["sslmode"] == "disable"

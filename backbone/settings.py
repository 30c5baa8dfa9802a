"""Reads the settings of a process once, frozen, and refuses wrong ones at the start.

They come from the environment (`KRUISPUNT_…`) and from `$KRUISPUNT_HOME/settings.json`; secrets never stand in either,
but each in a file of its own that only its owner can read.
"""

import ipaddress
import json
import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from backbone.errors import Stop

OTHERS = stat.S_IRWXG | stat.S_IRWXO
SETTINGS_FILE = "settings.json"


class PostgresServer(BaseModel):
    """Where a server of PostgreSQL listens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(min_length=1)
    port: int = Field(default=5432, ge=1, le=65_535)


class Settings(BaseSettings):
    """Where everything is. Ports of 0 mean: not chosen yet."""

    model_config = SettingsConfigDict(env_prefix="KRUISPUNT_", frozen=True, extra="forbid")

    home: Path
    kafka_bootstrap: str = "localhost:9094"
    kafka_ca: Path | None = None
    kafka_session_seconds: float = Field(default=10.0, ge=1, le=60)
    postgres_host: str = "127.0.0.1"
    postgres_port: int = 5432
    postgres_elsewhere: dict[str, PostgresServer] = {}
    postgres_sslmode: Literal["disable", "verify-full"] = "verify-full"
    postgres_ca: Path | None = None
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 25
    smtp_tls: Literal["none", "starttls", "tls"] = "starttls"
    smtp_ca: Path | None = None
    smtp_from: str = "no-reply@kruispunt.example"
    api_host: str = "127.0.0.1"
    api_port: int = 8080
    registry_url: str = "http://127.0.0.1:8080"
    partitions: int = Field(default=4, ge=1, le=64)
    settle_seconds: float = Field(default=2.0, ge=0)
    least_change_cents: int = Field(default=100, ge=0)
    """What changed law moves by less is not told: nobody need act on it."""
    checkpoint_seconds: float = Field(default=5.0, ge=0)
    changes_per_minute: int = Field(default=60_000, ge=1)
    mass_integrations: int = Field(default=10_000, ge=1)
    """More integrations of one institution within an hour raise an alarm. It is about one person in a thousand of the
    country: more than offices do in an hour, and passed within moments when a whole population is put on file."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _clear_text_stays_on_this_machine(self) -> Self:
        hosts = [self.postgres_host, *(server.host for server in self.postgres_elsewhere.values())]
        if self.postgres_sslmode == "disable" and (away := [host for host in hosts if not _is_here(host)]):
            raise ValueError(f"postgres_sslmode may be disable only on this machine, and {away[0]} is not")
        return self

    def postgres_server(self, database: str) -> PostgresServer:
        """Where a database is: that of an institution may be on a server of its own (`postgres_elsewhere`)."""
        main = PostgresServer(host=self.postgres_host, port=self.postgres_port)
        return self.postgres_elsewhere.get(database, main)

    @property
    def secrets_folder(self) -> Path:
        """One folder per kind of secret, one file per user."""
        return self.home / "secrets"

    @property
    def inbox(self) -> Path:
        """Where the mails of the embedded inbox lie, one file each."""
        return self.home / "inbox" / "new"

    @property
    def outgoing(self) -> Path:
        """Where letters are handed over to the print service."""
        return self.home / "outgoing"

    def secret(self, kind: Literal["kafka", "postgres", "smtp"], user: str) -> str:
        """The password of a user.

        Raises Stop when the file is missing or others can read it.
        """
        return self._read(self.secrets_folder / kind / user).decode().strip()

    def pepper(self) -> bytes:
        """The secret that turns numbers into pseudonyms; it must never change while topics hold data."""
        return self._read(self.secrets_folder / "pepper")

    def signing_key(self) -> bytes:
        """The private Ed25519 key of the log, PEM; only the process that signs has it."""
        return self._read(self.secrets_folder / "signing-key")

    @property
    def public_keys(self) -> Path:
        """The public keys the log is and was signed with, PEM, one after the other."""
        return self.home / "certificates" / "signing-keys.pem"

    def _read(self, path: Path) -> bytes:
        try:
            mode = path.stat().st_mode
            content = path.read_bytes()
        except OSError as error:
            raise Stop(f"The secret {path} cannot be read.", "Run `kruispunt up`, or put it there.") from error
        if mode & OTHERS:
            raise Stop(f"Others can read the secret {path}.", f"Run `chmod 600 '{path}'` and change the secret.")
        return content


def _is_here(host: str) -> bool:
    """Whether nothing that is sent to a host leaves this machine: the loopback, or a socket that is a file."""
    if host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def home() -> Path:
    """The folder with the state of the embedded stack."""
    return Path(os.environ.get("KRUISPUNT_HOME") or ".kruispunt").absolute()


def load(folder: Path | None = None, *, databases: Collection[str] | None = None) -> Settings:
    """The settings of a home; the environment wins over the file.

    `databases` are those that may be on a server of their own; None: any.

    Raises Stop with every wrong setting named.
    """
    place = folder or home()
    path = place / SETTINGS_FILE
    stored: dict[str, Any] = {}
    if path.exists():
        try:
            stored = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise Stop(f"{path} is not JSON.", "Remove it and run `kruispunt up`.") from error
        except OSError as error:
            raise Stop(f"{path} cannot be read: {error.strerror}.", "Check the path and its rights.") from error
        if not isinstance(stored, dict):
            raise Stop(f"{path} is not a JSON object.", "Remove it and run `kruispunt up`.")
    chosen = {name: value for name, value in stored.items() if f"KRUISPUNT_{name.upper()}" not in os.environ}
    try:
        found = Settings(**{**chosen, "home": place})
    except SettingsError as error:
        raise Stop(f"Wrong settings in the environment: {error}.", "Correct them.") from error
    except ValidationError as error:
        wrong = "; ".join(": ".join(filter(None, (_place(problem), _in_words(problem)))) for problem in error.errors())
        raise Stop(f"Wrong settings in {path} or the environment: {wrong}.", "Correct them.") from error
    if databases is not None and (strangers := sorted(found.postgres_elsewhere.keys() - set(databases))):
        wrong = f"postgres_elsewhere: Value error, no institution with a database: {', '.join(strangers)}"
        raise Stop(f"Wrong settings in {path} or the environment: {wrong}.", "Correct them.")
    return found


def _place(problem: ErrorDetails) -> str:
    """The setting a problem is about; empty for one of several settings together."""
    return ".".join(map(str, problem["loc"]))


def _in_words(problem: ErrorDetails) -> str:
    return "Input should be a path" if problem["type"] == "path_type" else problem["msg"]

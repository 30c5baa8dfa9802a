"""Brings a whole stack up, heals it, says how it is, and takes it away; one caller at a time."""

import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backbone.cluster import declared
from backbone.errors import Retry
from backbone.settings import Settings, load
from backbone.stack import (
    artifacts,
    certificates,
    chosen,
    credentials,
    kafka,
    orphans,
    postgres,
    prerequisites,
    readiness,
)
from backbone.stack.places import Places
from backbone.stack.programs import ALIVE, ProcessState, Program
from backbone.stack.supervisor import Supervisor

RUNNING_S = 90.0
SERVERS = ("kafka", "postgres", "inbox")
HOLDERS = ("kafka", "inbox")
"""The servers that have a certificate."""
LEASH = "leash"
PYTHON = str(Path(sys.executable).with_name("python3"))
"""One name for all callers: the supervisor restarts a program whose command has changed."""
KEPT = (
    "logs", "run", "kafka", "postgres", "certificates", "secrets", "inbox", "outgoing", "cache", "settings.json",
    "stack.json", "stack.lock",
)  # fmt: skip
"""What a home may hold; a wipe takes nothing else away."""


@dataclass(frozen=True)
class Leash:
    """Ties a stack to the process that started it: when that ends, however it ends, the stack goes down."""

    pid: int = field(default_factory=os.getpid)
    wipe: bool = True


@dataclass(frozen=True)
class Plan:
    """What a stack runs besides its servers, and how it is made ready for that.

    `prepare` is called when the servers answer: it makes passwords, roles, databases, topics, users and schemas. It may
    be called any number of times.
    """

    programs: Callable[[Settings], Sequence[Program]]
    prepare: Callable[[Settings], None]
    choices: Mapping[str, Any] = field(default_factory=dict)


def _silent(_step: str) -> None:
    pass


@contextmanager
def _alone(places: Places) -> Iterator[None]:
    """Wait until no other process changes this stack."""
    while True:
        places.home.mkdir(parents=True, exist_ok=True)
        with places.lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                current = places.lock.stat().st_ino == os.fstat(file.fileno()).st_ino
            except FileNotFoundError:
                current = False
            if current:
                yield
                return


def _postmaster(places: Places) -> int | None:
    for folder in (places.home / "postgres", postgres.outside(places)):
        with suppress(OSError, ValueError, IndexError):
            return int((folder / "data" / "postmaster.pid").read_text("utf-8").splitlines()[0])
    return None


def _servers(
    places: Places, settings: Settings, taken: Mapping[str, int], identity: str, jars: list[Path]
) -> list[Program]:
    """Make the servers' files, both at the same time; gives how to run them."""
    node = kafka.Ports(taken["kafka"], taken["kafka_internal"], taken["kafka_controller"])
    with ThreadPoolExecutor(2) as pool:
        broker = pool.submit(kafka.prepare, places, node, jars, identity)
        server = pool.submit(postgres.prepare, places, settings, identity).result()
        broker.result()
    inbox = (PYTHON, "-P", "-m", "backbone.stack.inbox", str(places.home), str(settings.smtp_port))
    return [
        Program(
            "kafka", tuple(kafka.command(places)), port=taken["kafka"], stop_seconds=25, directory=str(places.kafka)
        ),
        Program("postgres", tuple(server.command), port=taken["postgres"], user=server.runner, stop_signal="INT"),
        Program("inbox", inbox, port=taken["smtp"], stop_seconds=5),
    ]


def _leash_program(places: Places, leash: Leash | None, *, held: bool) -> list[Program]:
    """What watches the starter, if any; a leash that exists stays when another process calls `up`."""
    if leash is None and held:
        leash = Leash(**places.recall()["leash"])
    known = places.remember(leash=None if leash is None else {"pid": leash.pid, "wipe": leash.wipe})
    if leash is None:
        return []
    command = [PYTHON, "-P", "-m", "backbone.stack.leash", str(places.home), str(leash.pid), str(known["identity"])]
    return [Program(LEASH, tuple([*command, "--wipe"] if leash.wipe else command), stop_seconds=2)]


def up(home: Path, plan: Plan, *, progress: Callable[[str], None] = _silent, leash: Leash | None = None) -> Settings:
    """Start everything that is not running, leave alone what is, and return when all is ready.

    Raises Stop that says what is missing or does not start.
    """
    prerequisites.check()
    chosen.refuse_other_servers()
    places = Places(home.absolute())
    with _alone(places):
        places.make()
        progress("Kafka's jars")
        jars = artifacts.jars(places.cache)
        identity = str(places.remember()["identity"])
        supervisor = Supervisor(places)
        if not supervisor.alive():
            orphans.end(identity, _postmaster(places))
        certificates.ensure(places)
        credentials.ensure(places, "kafka", [declared.ADMIN])
        credentials.ensure(places, "postgres", [postgres.SUPERUSER])
        credentials.ensure_pepper(places)
        credentials.ensure_signing_key(places)

        busy = {name for name, state in supervisor.states().items() if state.state in ALIVE}
        taken, moved = chosen.choose_ports(places, busy)
        settings = chosen.write_settings(places, taken, plan.choices)
        progress("Kafka and PostgreSQL")
        servers = _servers(places, settings, taken, identity, jars)
        programs = list(plan.programs(settings))
        bound = _leash_program(places, leash, held=LEASH in busy)
        everything = [*servers, *bound, *programs]
        places.remember(programs=[[program.name, program.port] for program in everything if program.name != LEASH])
        supervisor.hand_over(servers, [*bound, *programs], identity)
        if moved:
            supervisor.stop(program.name for program in programs)
        supervisor.start(program.name for program in (*bound, *servers))
        readiness.wait(supervisor, settings, progress)

        progress("roles, databases, topics, users")
        plan.prepare(settings)
        progress("processes")
        supervisor.start(program.name for program in programs)
        supervisor.wait_running(everything, RUNNING_S)
        return settings


def renew_certificates(home: Path, progress: Callable[[str], None] = _silent) -> certificates.Renewal:
    """Give the servers new certificates, and restart what reads them only once; gives what became of the authority.

    Clients that are connected reconnect. Raises Stop when something does not come back.
    """
    places = Places(home.absolute())
    with _alone(places):
        supervisor = Supervisor(places)
        if not supervisor.alive():
            raise Retry(f"There is no stack in {places.home}, or it does not run.", "`kruispunt up` starts it.")
        settings = load(places.home)
        change = certificates.renew(places)
        # In every listener, and in what the broker itself connects with: it reads the files when it starts.
        for name in HOLDERS:
            progress(name)
            supervisor.stop([name])
            supervisor.start([name])
            readiness.wait(supervisor, settings, _silent)
        if change is not certificates.Renewal.KEPT:
            progress("processes")
            programs = [Program(name, (), port) for name, port in places.recall().get("programs", [])]
            below = [program.name for program in programs if program.name not in SERVERS]
            supervisor.stop(below)
            supervisor.start(below)
            supervisor.wait_running(programs, RUNNING_S)
        return change


def down(home: Path, *, wipe: bool = False, identity: str | None = None) -> bool:
    """Stop everything; with `wipe`, remove the data too. False when there was no stack.

    With an `identity`, stop that stack only: also where its home is gone, or belongs to another stack by now.
    """
    places = Places(home.absolute())
    known = places.recall()
    if identity not in {None, known.get("identity")}:
        return _down_without_home(places, str(identity), wipe=wipe)
    if not known:
        return False
    with _alone(places):
        supervisor = Supervisor(places)
        if wipe:
            orphans.kill(str(known["identity"]), supervisor.pid(), _postmaster(places))
        elif supervisor.alive():
            names = [name for name in supervisor.states() if name not in SERVERS]
            supervisor.stop(names)
            supervisor.stop(SERVERS)
            supervisor.shut_down()
        orphans.end(str(known["identity"]), _postmaster(places))
        _remove_socket(places)
        if wipe:
            _wipe(places)
    return True


def _down_without_home(places: Places, identity: str, *, wipe: bool) -> bool:
    """End the processes of a stack whose home was deleted; False when none ran.

    Its supervisor would go on for ever: nobody can reach it, and it cannot start anything again.
    """
    ran = bool(orphans.running(identity))
    if wipe:
        orphans.kill(identity, None, _postmaster(places))
    else:
        orphans.end(identity, _postmaster(places))
    if not places.recall():
        _remove_socket(places)
        if wipe:
            shutil.rmtree(postgres.outside(places), ignore_errors=True)
    return ran


def _remove_socket(places: Places) -> None:
    places.socket.unlink(missing_ok=True)
    if places.socket_folder != places.run:
        with suppress(OSError):
            places.socket_folder.rmdir()


def _wipe(places: Places) -> None:
    shutil.rmtree(postgres.outside(places), ignore_errors=True)
    for name in KEPT:
        path = places.home / name
        if path.is_dir() and not path.is_symlink():
            # A logger that is just ending may still write a line.
            shutil.rmtree(path, ignore_errors=True)
            if path.exists():
                shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    with suppress(OSError):
        places.home.rmdir()


def status(home: Path) -> list[ProcessState]:
    """Every server and process with what it is doing; empty where there has never been a stack."""
    places = Places(home.absolute())
    states = Supervisor(places).states()
    answer = []
    for name, port in places.recall().get("programs", []):
        state = states.get(name, ProcessState(name, 0, "stopped", port))
        answer.append(ProcessState(name, state.pid, state.state, port, state.since))
    return answer

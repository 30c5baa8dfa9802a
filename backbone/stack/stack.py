"""Brings a whole stack up, heals it, says how it is, and takes it away; one caller at a time."""

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backbone import provision
from backbone.errors import Retry, Stop
from backbone.postgres import connect
from backbone.process import with_retry
from backbone.settings import Settings, load
from backbone.stack import artifacts, certificates, credentials, kafka, orphans, ports, postgres, prerequisites, roles
from backbone.stack.places import Places, write_private
from backbone.stack.supervisor import ALIVE, Program, State, Supervisor

READY_S = 180.0
"""A broker that was killed reads its logs again first."""
RUNNING_S = 90.0
MOST_STARTS = 4
"""PostgreSQL may have to wait for the last backends of a killed one; who dies more often is ill."""
PAUSE_S = 0.1
PORTS = {
    "kafka": ("kafka", "kafka_internal", "kafka_controller"),
    "postgres": ("postgres",),
    "inbox": ("smtp",),
    "api": ("api",),
}
"""Which ports belong to which process."""
SERVERS = ("kafka", "postgres", "inbox")
LEASH = "leash"
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

    `prepare` is called when the servers answer and topics, users, roles and databases are there: schemas, migrations.
    It may be called any number of times.
    """

    programs: Callable[[Settings], Sequence[Program]]
    prepare: Callable[[Settings], None]
    choices: Mapping[str, Any] = field(default_factory=dict)


def _silent(_step: str) -> None:
    pass


@contextmanager
def _alone(places: Places) -> Iterator[None]:
    """Wait until nobody else changes this stack."""
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


def _choose_ports(places: Places, busy: set[str]) -> tuple[dict[str, int], bool]:
    """The stack's ports, and whether any is another than before.

    A port of a process that does not run may have gone to somebody else meanwhile: then another is chosen.
    """
    before: dict[str, int] = places.recall().get("ports", {})
    chosen: dict[str, int] = {}
    for process, names in PORTS.items():
        for name in names:
            port = before.get(name, 0)
            if not port or (process not in busy and not ports.free(port)):
                port = ports.choose({*before.values(), *chosen.values()})
            chosen[name] = port
    places.remember(ports=chosen)
    return chosen, bool(before) and chosen != before


def _write_settings(places: Places, chosen: Mapping[str, int], choices: Mapping[str, Any]) -> Settings:
    stored: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        stored = json.loads(places.settings.read_text("utf-8"))
    wanted = {
        **stored,
        **choices,
        "kafka_bootstrap": f"{ports.LOOPBACK}:{chosen['kafka']}",
        "kafka_ca": str(places.ca),
        "postgres_host": ports.LOOPBACK,
        "postgres_port": chosen["postgres"],
        "smtp_host": ports.LOOPBACK,
        "smtp_port": chosen["smtp"],
        "smtp_tls": "starttls",
        "smtp_ca": str(places.ca),
        "api_host": ports.LOOPBACK,
        "api_port": chosen["api"],
        "registry_url": f"http://{ports.LOOPBACK}:{chosen['api']}",
    }
    if wanted != stored:
        write_private(places.settings, json.dumps(wanted, indent=2, sort_keys=True) + "\n")
    return load(places.home)


def _postmaster(places: Places) -> int | None:
    for folder in (places.home / "postgres", postgres.outside(places)):
        with suppress(OSError, ValueError, IndexError):
            return int((folder / "data" / "postmaster.pid").read_text("utf-8").splitlines()[0])
    return None


def _servers(
    places: Places, settings: Settings, chosen: Mapping[str, int], identity: str, jars: list[Path], busy: set[str]
) -> list[Program]:
    """Make the servers' files, both at the same time; gives how to run them."""
    node = kafka.Ports(chosen["kafka"], chosen["kafka_internal"], chosen["kafka_controller"])
    with ThreadPoolExecutor(2) as pool:
        broker = None if "kafka" in busy else pool.submit(kafka.prepare, places, node, jars, identity)
        server = pool.submit(postgres.prepare, places, settings, identity).result()
        if broker is not None:
            broker.result()
    inbox = (sys.executable, "-P", "-m", "backbone.stack.inbox", str(places.home), str(settings.smtp_port))
    return [
        Program(
            "kafka", tuple(kafka.command(places)), port=chosen["kafka"], stop_seconds=25, directory=str(places.kafka)
        ),
        Program("postgres", tuple(server.command), port=chosen["postgres"], user=server.runner, stop_signal="INT"),
        Program("inbox", inbox, port=chosen["smtp"], stop_seconds=5),
    ]


def _ask_postgres(settings: Settings) -> None:
    with connect(settings, postgres.SUPERUSER, "postgres") as connection:
        connection.execute("select 1")


def _ask_inbox(settings: Settings) -> None:
    if not ports.reachable(settings.smtp_port):
        raise Retry("The inbox does not answer yet.")


def _wait_ready(supervisor: Supervisor, settings: Settings, progress: Callable[[str], None]) -> None:
    """Wait until every server answers what it is for.

    Raises Stop that names the one that does not, and where its log is.
    """
    probes: dict[str, Callable[[Settings], None]] = {
        "postgres": _ask_postgres, "inbox": _ask_inbox, "kafka": kafka.probe,
    }  # fmt: skip
    end = time.monotonic() + READY_S
    for name, probe in probes.items():
        starts: set[int] = set()
        while True:
            try:
                probe(settings)
            except Retry as retry:
                starts.add(supervisor.states()[name].since)
                if len(starts) > MOST_STARTS or time.monotonic() > end:
                    raise Stop(f"{name} does not answer: {retry}", supervisor.last_words(name)) from retry
                time.sleep(PAUSE_S)
            else:
                progress(f"{name} answers")
                break


def _leash_program(places: Places, leash: Leash | None, *, held: bool) -> list[Program]:
    """What watches the starter, if any; a leash that holds already stays when somebody else calls `up`."""
    if leash is None and held:
        leash = Leash(**places.recall()["leash"])
    places.remember(leash=None if leash is None else {"pid": leash.pid, "wipe": leash.wipe})
    if leash is None:
        return []
    command = [sys.executable, "-P", "-m", "backbone.stack.leash", str(places.home), str(leash.pid)]
    return [Program(LEASH, tuple([*command, "--wipe"] if leash.wipe else command), stop_seconds=2)]


def up(home: Path, plan: Plan, *, progress: Callable[[str], None] = _silent, leash: Leash | None = None) -> Settings:
    """Start everything that is not running, leave alone what is, and return when all is ready.

    Raises Stop that says what is missing or does not start.
    """
    prerequisites.check()
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
        credentials.ensure(places, "kafka", (*kafka.SUPER_USERS, *provision.users()))
        credentials.ensure(places, "postgres", (postgres.SUPERUSER, *roles.names()))
        credentials.ensure_pepper(places)

        busy = {name for name, state in supervisor.states().items() if state.state in ALIVE}
        chosen, moved = _choose_ports(places, busy)
        settings = _write_settings(places, chosen, plan.choices)
        progress("Kafka and PostgreSQL")
        servers = _servers(places, settings, chosen, identity, jars, busy)
        programs = list(plan.programs(settings))
        bound = _leash_program(places, leash, held=LEASH in busy)
        everything = [*servers, *bound, *programs]
        places.remember(programs=[[program.name, program.port] for program in everything if program.name != LEASH])
        supervisor.hand_over(servers, [*bound, *programs], identity)
        if moved:
            supervisor.stop(program.name for program in programs)
        supervisor.start(program.name for program in (*bound, *servers))
        _wait_ready(supervisor, settings, progress)

        progress("topics, users, databases")
        with_retry(lambda: provision.apply(settings), READY_S)
        roles.apply(settings)
        plan.prepare(settings)
        progress("processes")
        supervisor.start(program.name for program in programs)
        supervisor.wait_running(everything, RUNNING_S)
        return settings


def down(home: Path, *, wipe: bool = False) -> bool:
    """Stop everything; with `wipe`, remove the data too. False when there was no stack."""
    places = Places(home.absolute())
    known = places.recall()
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
        places.socket.unlink(missing_ok=True)
        if places.socket_folder != places.run:
            with suppress(OSError):
                places.socket_folder.rmdir()
        if wipe:
            _wipe(places)
    return True


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


def status(home: Path) -> list[State]:
    """Every server and process with what it is doing; empty where there has never been a stack."""
    places = Places(home.absolute())
    states = Supervisor(places).states()
    answer = []
    for name, port in places.recall().get("programs", []):
        state = states.get(name, State(name, 0, "stopped", port))
        answer.append(State(name, state.pid, state.state, port, state.since))
    return answer

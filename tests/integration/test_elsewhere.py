"""An institution's database may be on a server of its own: what is delivered is kept there, and nothing of it here."""

import json
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from backbone import postgres, transactions
from backbone.process import with_retry
from backbone.settings import PostgresServer, Settings
from backbone.stack import ports, roles, strays
from backbone.stack import postgres as embedded
from backbone.stack.places import Places
from consumers.deliberations import load
from consumers.directory import Dossier
from consumers.narrowing.access import Access
from consumers.narrowing.narrow import PublishedEvent, narrow
from consumers.narrowing.projection import in_force, projections
from kruispunt.monitoring import lag
from kruispunt.provisioning import declared_state as provision
from kruispunt.provisioning.databases import DATABASES
from kruispunt.provisioning.provision import look
from schemas.codec import encode_body
from schemas.contracts import contract
from schemas.identifiers import derive, inss, pseudonym
from schemas.legal_day import legal_today
from schemas.samples import sample
from schemas.topics import DECLARATIONS, delivery
from tests.builders.processes import as_process, ask_to_stop, start
from tests.builders.waiting import until

INSTITUTION = "fpd"
QUALITY = "5/10"
KIND = DECLARATIONS[1]
PERSON = inss(740404001, after_2000=False)
READY_S = 30.0
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def own_server(servers: Settings, temporary_home: Callable[[str], Path]) -> Iterator[Settings]:
    """The settings of the whole, with a second server of PostgreSQL for one institution."""
    places = Places(temporary_home("elsewhere"))
    places.make()
    port = ports.choose({servers.postgres_port})
    there = servers.model_copy(update={"postgres_port": port})
    server = embedded.prepare(places, there, "elsewhere")
    user = pwd.getpwnam(server.runner) if server.runner else None
    # fmt: off
    process = subprocess.Popen(
        server.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        user=user.pw_uid if user else None, group=user.pw_gid if user else None, extra_groups=[] if user else None,
    )
    # fmt: on
    try:
        with_retry(lambda: postgres.connect(there, embedded.SUPERUSER, "postgres").close(), READY_S)
        roles.apply(there, {INSTITUTION: DATABASES[INSTITUTION]})
        elsewhere = {INSTITUTION: PostgresServer(host=there.postgres_host, port=port)}
        yield servers.model_copy(update={"postgres_elsewhere": elsewhere})
    finally:
        ask_to_stop(process)
        process.wait(READY_S)
        shutil.rmtree(embedded.outside(places), ignore_errors=True)
        shutil.rmtree(places.home)
        places.home.mkdir()


def copy(settings: Settings, person: str) -> tuple[str, bytes]:
    """One event as this institution may have it."""
    record = sample(KIND) | {"person": person, "event": derive("elsewhere", str(time.time_ns()))}
    event = PublishedEvent(contract(KIND), encode_body(contract(KIND), record))
    known = {person: [Dossier(INSTITUTION, QUALITY, date(2020, 1, 1), None)]}
    access = Access(in_force(projections(load()), legal_today()))
    (made,) = [one for one in narrow([event], access, known).copies if one.projection.recipient == INSTITUTION]
    return made.event, made.projection.contract.prefix + made.body


def kept(settings: Settings, event: str) -> int:
    with postgres.connect(settings, INSTITUTION, INSTITUTION) as connection:
        row = connection.execute("select count(*) from store.record where event = %s", (event,)).fetchone()
    assert row is not None
    return int(row[0])


def environment(settings: Settings) -> dict[str, str]:
    """Where the institution's own server is."""
    elsewhere = {name: server.model_dump() for name, server in settings.postgres_elsewhere.items()}
    return {"KRUISPUNT_POSTGRES_ELSEWHERE": json.dumps(elsewhere)}


def test_what_is_delivered_is_kept_and_counted_on_the_institutions_own_server(
    servers: Settings, own_server: Settings
) -> None:
    due = {line.what for line in look(own_server) if line.to_do}
    assert due >= {f"store/001_record.sql of {INSTITUTION}"}
    provision.migrate(own_server)
    event, value = copy(own_server, PERSON)
    writer = transactions.writer(servers, "exchange", "exchange-elsewhere")
    with transactions.transaction(writer):
        transactions.send(writer, delivery(INSTITUTION), value, pseudonym(servers.pepper(), PERSON), 0)
    verbs = (("api",), ("deliver", INSTITUTION))
    processes = [start(own_server.home, *verb, environment=environment(own_server)) for verb in verbs]
    try:
        with closing(lag.Inspector(own_server)) as inspector:
            until(
                lambda: kept(own_server, event) and not inspector.unread(INSTITUTION),
                "nothing arrives on the own server",
            )
            # The inspector and the ledger ask there, too.
            assert inspector.count("select count(*) from store.record", database=INSTITUTION) > 0
    finally:
        for process in processes:
            ask_to_stop(process)
        for process in processes:
            process.wait(READY_S)
    assert kept(own_server, event) == 1
    assert kept(servers, event) == 0


def test_a_plan_names_what_is_open_on_the_own_server_and_leaves_it_to_its_administrator(own_server: Settings) -> None:
    provision.migrate(own_server)
    assert [line.what for line in strays.look(own_server, DATABASES) if line.to_do] == []
    there = own_server.model_copy(update={"postgres_port": own_server.postgres_server(INSTITUTION).port})
    with postgres.connect(there, embedded.SUPERUSER, "postgres", autocommit=True) as connection:
        connection.execute("grant connect on database fpd to public")
        found = [line for line in strays.look(own_server, DATABASES) if line.to_do]
        assert [line.what for line in found] == [f"public may enter {INSTITUTION}, on {own_server.postgres_host}"]
        strays.remove(own_server, found)
        assert [line for line in strays.look(own_server, DATABASES) if line.to_do] == found
        connection.execute("revoke connect on database fpd from public")


def test_an_own_server_that_is_away_holds_up_nobody_elses_database(servers: Settings) -> None:
    nobody = PostgresServer(host=servers.postgres_host, port=ports.choose({servers.postgres_port}))
    away = servers.model_copy(update={"postgres_elsewhere": {INSTITUTION: nobody}})
    provision.migrate(away)
    assert [line.what for line in look(away) if line.to_do and line.kind in {"database", "migration"}] == [
        f"{INSTITUTION}: its server {nobody.host} does not let it in"
    ]
    shown = as_process(away.home, "status", "--json", **environment(away))
    assert shown.returncode == 0, shown.stderr
    lag_of = json.loads(shown.stdout)["lag"]
    assert lag_of.pop(f"sink-{INSTITUTION}") is None
    assert None not in lag_of.values()

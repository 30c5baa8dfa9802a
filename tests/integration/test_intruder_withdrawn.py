"""Whoever lost a right, or whose password was changed, is refused from then on, whatever it tries."""

import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import psycopg
import pytest
import yaml
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from backbone import kafka, provision
from backbone.errors import Retry
from backbone.kafka import client
from backbone.postgres import connect
from backbone.settings import Settings
from backbone.stack.postgres import SUPERUSER
from consumers.deliberations import load, store
from consumers.narrowing.projection import projections
from kruispunt.commands.institutions import rotate as rotating
from kruispunt.provisioning import provision as provisioning
from kruispunt.provisioning.cluster_blueprint import BLUEPRINT
from kruispunt.provisioning.justified_access import alone, justified
from schemas.codec import encode
from schemas.roles import Role
from schemas.samples import sample
from schemas.topics import answers, changes, delivery
from tests.builders.processes import within
from tests.builders.quarters import Declared

Run = Callable[..., CompletedProcess[str]]
INSTITUTION = "energie"
PATIENCE_S = 90.0
"""Longer than a transaction that a killed writer left open holds up its readers."""
SILENT = {"log_level": 0}
RECORDS = 50
REFUSED = -1
SILENCE_S = 2.0
WAIT = ("wait", "--timeout", "90")
CLOSED = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}


@pytest.fixture(scope="module")
def run(servers: Settings) -> Run:
    return partial(within, servers.home)


@pytest.fixture(scope="module")
def give_back(servers: Settings, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Gives the institution a deliberation like the shipped one, under a number of its own; gives its name."""
    (shipped,) = (one for one in load() if one.recipient == INSTITUTION)
    folder = tmp_path_factory.mktemp("deliberations")

    def give() -> str:
        number = f"{time.time_ns() % 90 + 10}/7{time.time_ns() // 1000 % 90 + 10}"
        text = shipped.model_dump(mode="json", by_alias=True) | {"number": number}
        del text["until"]
        file = folder / "given.yaml"
        text["from"] = shipped.since
        file.write_text(yaml.safe_dump(text))
        done = run("deliberations", "load", file)
        assert done.returncode == 0, done.stderr
        return number

    return give


@pytest.fixture(scope="module")
def withdrawn(servers: Settings, run: Run, give_back: Callable[[], str]) -> Iterator[CompletedProcess[str]]:
    """What the command says; before it, the institution could read what it was delivered."""
    (copied,) = (one for one in projections(load()) if one.recipient == INSTITUTION)
    record = sample(copied.contract.name) | {"deliberation": copied.deliberation, "replay": False}
    writer = kafka.producer(servers, "exchange")
    for _ in range(RECORDS):
        writer.produce(delivery(INSTITUTION), encode(copied.contract, record), partition=0)
    assert writer.flush(PATIENCE_S) == 0
    assert by_hand(servers) >= RECORDS
    yield run("withdraw", INSTITUTION, "--reason", "a test")
    give_back()


def by_hand(settings: Settings) -> int:
    """How many records come from a partition taken without a group; REFUSED when the broker refuses the topic.

    A client without rights only ever hears silence there, so the topic itself is asked for, too.
    """
    reader = Consumer(client(settings, INSTITUTION, **SILENT) | {"group.id": f"{INSTITUTION}.hand"})
    read = 0
    try:
        error = reader.list_topics(delivery(INSTITUTION), timeout=PATIENCE_S).topics[delivery(INSTITUTION)].error
        refused = error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
        # Not 0: another test may have deleted records there.
        reader.assign([TopicPartition(delivery(INSTITUTION), 0, OFFSET_BEGINNING)])
        end = time.monotonic() + (SILENCE_S if refused else PATIENCE_S)
        while read < RECORDS and time.monotonic() < end:
            read += sum(message.error() is None for message in reader.consume(100, 0.2))
    finally:
        reader.close()
    return REFUSED if refused and not read else read


def subscribed(settings: Settings, topic: str) -> set[int]:
    reader = Consumer(client(settings, INSTITUTION, **SILENT) | {"group.id": f"{INSTITUTION}.again"})
    refused: set[int] = set()
    try:
        reader.subscribe([topic])
        end = time.monotonic() + PATIENCE_S
        while not refused and time.monotonic() < end:
            refused |= {error.code() for message in reader.consume(10, 0.5) if (error := message.error())}
    finally:
        reader.close()
    return refused


def seen(settings: Settings) -> set[str]:
    return set(AdminClient(client(settings, INSTITUTION, **SILENT)).list_topics(timeout=PATIENCE_S).topics)


def test_a_withdrawal_says_what_it_took_away(withdrawn: CompletedProcess[str], servers: Settings) -> None:
    assert withdrawn.returncode == 0, withdrawn.stderr
    assert f"{INSTITUTION} has no deliberation left, and can no longer read {delivery(INSTITUTION)}" in withdrawn.stdout
    with connect(servers, "owner") as connection:
        found = connection.execute(
            "select line::jsonb from audit.act where line::jsonb ->> 'about' = %s order by number desc limit 1",
            (INSTITUTION,),
        ).fetchone()
    assert found
    noted = found[0]
    assert (noted["action"], noted["by"]) == ("provisioned", "operator")
    assert f"User:{INSTITUTION} may read topic {delivery(INSTITUTION)}" in noted["detail"]["removed"]
    assert noted["detail"]["because"].startswith("withdrew ")


def test_after_withdrawal_no_partition_taken_by_hand_gives_anything(
    withdrawn: CompletedProcess[str], servers: Settings
) -> None:
    assert by_hand(servers) == REFUSED


@pytest.mark.parametrize("topic", [delivery(INSTITUTION), answers(INSTITUTION)])
def test_after_withdrawal_no_group_of_its_name_opens(
    withdrawn: CompletedProcess[str], servers: Settings, topic: str
) -> None:
    refused = subscribed(servers, topic)
    assert refused
    assert refused <= CLOSED


def test_after_withdrawal_it_does_not_even_see_the_topic(withdrawn: CompletedProcess[str], servers: Settings) -> None:
    assert seen(servers) == {changes(INSTITUTION), answers(INSTITUTION)}


def test_after_withdrawal_provisioning_has_nothing_to_give_back(
    withdrawn: CompletedProcess[str], servers: Settings
) -> None:
    provisioning.bring(servers)
    assert [line for line in provisioning.look(servers) if line.to_do] == []
    assert by_hand(servers) == REFUSED


def test_a_new_deliberation_gives_the_right_back_at_once_and_its_withdrawal_takes_it_again(
    withdrawn: CompletedProcess[str], servers: Settings, run: Run, give_back: Callable[[], str]
) -> None:
    name = give_back()
    assert by_hand(servers) >= RECORDS
    done = run("withdraw", name, "--reason", "a test")
    assert done.returncode == 0, done.stderr
    assert by_hand(servers) == REFUSED


def test_while_another_deliberation_holds_a_withdrawal_leaves_the_right(
    withdrawn: CompletedProcess[str], servers: Settings, run: Run, give_back: Callable[[], str]
) -> None:
    first, second = give_back(), give_back()
    done = run("withdraw", first, "--reason", "a test")
    assert "reads" not in done.stdout
    assert by_hand(servers) >= RECORDS
    done = run("withdraw", second, "--reason", "a test")
    assert by_hand(servers) == REFUSED


def test_a_withdrawal_stands_when_the_broker_is_away_and_says_what_remains(
    withdrawn: CompletedProcess[str], servers: Settings, run: Run, give_back: Callable[[], str]
) -> None:
    name = give_back()
    done = run("withdraw", name, "--reason", "a test", KRUISPUNT_KAFKA_BOOTSTRAP="127.0.0.1:9")
    assert done.returncode == 3
    assert f"{name}@1 is withdrawn" in done.stdout
    assert "kruispunt provision" in done.stderr
    with connect(servers, "operator") as connection:
        assert INSTITUTION not in justified(connection).entitled
    assert by_hand(servers) >= RECORDS
    assert [line.change for line in provisioning.look(servers) if line.to_do] == ["remove"] * 3
    provisioning.bring(servers)
    assert by_hand(servers) == REFUSED


def test_a_plan_made_before_a_withdrawal_is_not_carried_out_after_it(
    withdrawn: CompletedProcess[str], servers: Settings, give_back: Callable[[], str]
) -> None:
    name = give_back()
    with ThreadPoolExecutor(1) as pool:
        with alone(servers, Role.OWNER):
            provisioned = pool.submit(provisioning.bring, servers)
            time.sleep(SILENCE_S)
            assert not provisioned.done()
            with connect(servers, "operator") as connection:
                store.withdraw(connection, [name], reason="a test")
        provisioned.result(PATIENCE_S)
    assert by_hand(servers) == REFUSED


def lets_in(settings: Settings, user: str, password: str) -> bool:
    config = client(settings, user, **SILENT) | {"sasl.password": password}
    try:
        AdminClient(config).list_topics(timeout=3.0)
    except KafkaException:
        return False
    return True


def test_an_old_password_opens_nothing_after_rotation(servers: Settings, run: Run) -> None:
    path = servers.secrets_folder / "kafka" / INSTITUTION
    old = path.read_text()
    assert lets_in(servers, INSTITUTION, old)
    done = run("credentials", INSTITUTION, "--rotate")
    assert done.returncode == 0, done.stderr
    new = path.read_text()
    assert new != old
    assert len(new) >= 20
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"sasl.password={new}" in done.stdout.splitlines()
    assert not lets_in(servers, INSTITUTION, old)
    assert lets_in(servers, INSTITUTION, new)
    assert lets_in(servers, "fin", servers.secret("kafka", "fin"))
    with connect(servers, "owner") as connection:
        lines = [line for (line,) in connection.execute("select line from audit.act")]
    assert any('"rotated"' in line and INSTITUTION in line for line in lines)
    assert not [line for line in lines if old in line or new in line]


@pytest.mark.parametrize("remedy", [("provision",), ("credentials", INSTITUTION, "--rotate")], ids=" ".join)
def test_a_rotation_that_was_killed_in_between_is_put_right(
    servers: Settings, run: Run, remedy: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    path = servers.secrets_folder / "kafka" / INSTITUTION
    old = path.read_text()
    monkeypatch.setattr("backbone.provision.rotate", killed)
    with pytest.raises(KeyboardInterrupt):
        rotating.rotate(servers, INSTITUTION)
    monkeypatch.undo()
    # The file has the new password, the broker the old one: neither is unknown.
    assert path.read_text() != old
    assert lets_in(servers, INSTITUTION, old)
    (line,) = [line for line in provision.look(servers, BLUEPRINT, entitled=entitled(servers)) if line.to_do]
    assert (line.change, line.kind) == ("change", "user")
    done = run(*remedy)
    assert done.returncode == 0, done.stderr
    assert lets_in(servers, INSTITUTION, path.read_text())
    assert not lets_in(servers, INSTITUTION, old)


def entitled(settings: Settings) -> frozenset[str]:
    with connect(settings, "owner") as connection:
        return justified(connection).entitled


def test_an_empty_secret_never_becomes_a_password(servers: Settings, run: Run) -> None:
    path = servers.secrets_folder / "kafka" / INSTITUTION
    before = path.read_bytes()
    path.write_bytes(b"")
    try:
        done = run("provision")
    finally:
        path.write_bytes(before)
    assert done.returncode == 3
    assert "fewer than 20 characters" in done.stderr
    assert lets_in(servers, INSTITUTION, before.decode())


def test_a_role_or_database_opened_by_hand_is_shut(servers: Settings) -> None:
    def tries() -> list[str]:
        done = []
        for database, statement in (("rva", "set role exchange"), ("kruispunt", "select 1")):
            try:
                with connect(servers, "rva", database) as connection:
                    connection.execute(statement.encode())
                done.append(statement)
            except (psycopg.Error, Retry):
                pass
        return done

    with connect(servers, SUPERUSER, "postgres", autocommit=True) as connection:
        connection.execute("grant exchange to rva")
    assert tries() == ["set role exchange", "select 1"]
    provisioning.bring(servers)
    assert tries() == []


def activity(settings: Settings) -> dict[str, set[str]]:
    """By name a program gives itself: the roles it is connected as."""
    with connect(settings, SUPERUSER, "postgres") as connection:
        found: dict[str, set[str]] = {}
        for name, role in connection.execute(
            "select application_name, usename from pg_stat_activity"
            " where backend_type = 'client backend' and pid <> pg_backend_pid()"
        ):
            found.setdefault(name, set()).add(role)
    return found


def test_no_process_works_as_a_superuser(stack: Settings, kruispunt: Run, tmp_path: Path) -> None:
    """Without the passwords of the administrators every process starts anew and does its work."""
    from backbone.stack.places import Places
    from backbone.stack.supervisor import Supervisor

    hidden: list[tuple[Path, Path]] = []
    folder = stack.secrets_folder
    for kind, name in (("kafka", "admin"), ("postgres", SUPERUSER), ("postgres", "owner")):
        hidden.append((folder / kind / name, tmp_path / f"{kind}-{name}"))
    names = [
        state
        for state in Supervisor(Places(stack.home)).states()
        if state not in {"kafka", "postgres", "inbox", "leash"}
    ]
    supervisor = Supervisor(Places(stack.home))
    before = {name: state.pid for name, state in supervisor.states().items()}
    passwords: list[Any] = []
    try:
        for path, place in hidden:
            passwords.append(path.read_bytes())
            path.rename(place)
        supervisor.stop(names)
        supervisor.start(names)
        declared = Declared.WITHOUT_ADMINISTRATORS
        submit = ("submit", "--on", str(declared.sent_on), *declared.generate(5, tmp_path / "some"))
        for arguments in (("load", tmp_path / "some"), submit, WAIT):
            done = kruispunt(*arguments)
            assert done.returncode == 0, done.stderr
        found = {name: state for name, state in supervisor.states().items() if name in names}
        assert {state.state for state in found.values()} == {"running"}
        assert all(found[name].pid not in {0, before[name]} for name in names)
    finally:
        for path, place in hidden:
            if place.exists():
                place.rename(path)
    roles = activity(stack)
    assert {"relay", "exchange", "audit", "rules", "notifier", "rva"} <= roles.keys()
    assert {name: found for name, found in roles.items() if found & {SUPERUSER, "owner"}} == {}

"""The deployment described for containers is complete, agrees with the code, and keeps its own rules about secrets."""

import os
import re
import shutil
import ssl
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from backbone.cluster.declared import ADMIN
from backbone.postgres import OWNER, SERVER_HEARTBEAT
from backbone.settings import Settings
from backbone.stack.certificates import AUTHORITY_LIFETIME, LIFETIME, server
from backbone.stack.kafka import CLEANUP_MS, LONGEST_RETENTION, SESSION_MS
from backbone.stack.places import Places
from backbone.stack.postgres import CLUSTER, OWN, SHARED, SUPERUSER
from backbone.stack.roles import CONNECTIONS, IDLE, STATISTICS, names
from consumers.audit.checkpoints import Signer
from consumers.audit.verifier import public_keys
from kruispunt.cli import app
from kruispunt.provisioning.cluster_blueprint import BLUEPRINT
from kruispunt.provisioning.databases import DATABASES
from kruispunt.stack import programs
from schemas.institutions import HOSTED

DOCKER = Path(__file__).parents[2] / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("kruispunt:")}
OURS.pop("mail")
"""Every verb of the command line that runs; the inbox is a module of the same image."""
COMMANDS = {name for name, service in OURS.items() if "profiles" in service}
SERVERS = {"kafka-1", "kafka-2", "kafka-3", "postgres", "mail"}
ALONE = {"provision", "intake", "operator", "inspector", "auditor", "jurist"}
TOP_LEVEL = {"name", "services", "networks", "secrets"}
SERVICE_KEYS = {
    "deploy",
    "build", "cap_drop", "command", "depends_on", "entrypoint", "environment", "healthcheck", "hostname", "image",
    "init", "logging", "mem_limit", "networks", "ports", "profiles", "read_only", "restart", "secrets",
    "security_opt", "shm_size", "stop_grace_period", "tmpfs", "user", "volumes",
}  # fmt: skip
HEALTH_KEYS = {"test", "interval", "timeout", "retries", "start_period"}
CONDITIONS = {"service_healthy", "service_completed_successfully"}
SECRET_WORDS = re.compile(r"password|passwd|secret|token|pepper", re.IGNORECASE)
PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+(\.\d+)?[\w.-]*")
each_service = pytest.mark.parametrize("name", SERVICES)
openssl = pytest.mark.parametrize("tool", [found for found in [shutil.which("openssl")] if found])


def secrets_of(name: str) -> dict[str, str]:
    """Source and place of every secret a service sees."""
    found = [one if isinstance(one, dict) else {"source": one, "target": one} for one in SERVICES[name]["secrets"]]
    return {one["source"]: one["target"] for one in found}


def words(script: str, variable: str) -> set[str]:
    match = re.search(rf'^{variable}="([^"]*)"$', (DOCKER / script).read_text("utf-8"), re.MULTILINE)
    assert match
    listed = match.group(1)
    if "$" in listed:
        for other in re.findall(r"\$(\w+)", listed):
            listed = listed.replace(f"${other}", " ".join(words(script, other)))
    return set(listed.split())


def service_of(process: str) -> str:
    """The service of a process: those that share the load are replicas of one."""
    return process.removesuffix("-2")


def test_every_server_and_every_process_has_its_service() -> None:
    processes = Counter(service_of(program.name) for program in programs(Settings(home=Path("/nowhere"))))
    assert {name: SERVICES[name].get("deploy", {}).get("replicas", 1) for name in processes} == processes
    assert set(SERVICES) == SERVERS | processes.keys() | ALONE
    assert {name.removeprefix("sink-") for name in SERVICES if name.startswith("sink-")} == set(HOSTED)


def test_the_file_uses_only_what_the_compose_specification_knows() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == TOP_LEVEL
    for service in SERVICES.values():
        assert set(service) <= SERVICE_KEYS
        assert set(service.get("healthcheck", {})) <= HEALTH_KEYS
        assert set(service.get("deploy", {})) <= {"replicas"}
        assert service["restart"] in {"no", "unless-stopped", "on-failure"}
        assert all(isinstance(value, str) for value in service.get("environment", {}).values())
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES
            assert how["condition"] in CONDITIONS


def test_a_service_waits_only_for_health_that_is_checked() -> None:
    waiting = [
        (other, how["condition"]) for one in SERVICES.values() for other, how in one.get("depends_on", {}).items()
    ]
    assert "service_healthy" in {condition for _, condition in waiting}
    for other, condition in waiting:
        assert condition != "service_healthy" or "healthcheck" in SERVICES[other]


@each_service
def test_an_image_is_pinned(name: str) -> None:
    assert PINNED.fullmatch(SERVICES[name]["image"])


@each_service
def test_a_container_gives_up_root_capabilities_and_a_writable_root(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].startswith("${KRUISPUNT_UID:?")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "mem_limit" in service


@each_service
def test_no_secret_stands_in_the_environment_or_in_a_command(name: str) -> None:
    service = SERVICES[name]
    for variable, value in service.get("environment", {}).items():
        assert not SECRET_WORDS.search(variable) or variable.endswith("_FILE")
        assert not variable.endswith("_FILE") or value.startswith("/run/secrets/")
    said = [*service.get("command", []), *service.get("entrypoint", [])]
    assert said or service.keys() & {"image", "build"}
    assert not any(re.search(r"password=", word, re.IGNORECASE) for word in said)


@pytest.mark.parametrize("server", sorted(SERVERS | {"api"}))
def test_every_server_has_a_health_check(server: str) -> None:
    assert SERVICES[server]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", OURS)
def test_a_process_starts_with_a_verb_of_the_command_line(name: str) -> None:
    verbs = set(typer.main.get_group(app).commands)
    assert SERVICES[name]["command"][0] in verbs


def test_a_process_runs_with_the_same_arguments_as_in_the_embedded_stack() -> None:
    embedded = list(programs(Settings(home=Path("/nowhere"))))
    assert embedded
    for program in embedded:
        assert tuple(SERVICES[service_of(program.name)]["command"]) == tuple(program.command[1:])


@pytest.mark.parametrize("name", OURS)
def test_a_setting_is_one_that_exists(name: str) -> None:
    assert SERVICES[name]["environment"]
    for variable in SERVICES[name]["environment"]:
        assert variable.startswith("KRUISPUNT_")
        assert variable.removeprefix("KRUISPUNT_").lower() in Settings.model_fields


@pytest.mark.parametrize("name", sorted(set(OURS) - {"provision"}))
def test_a_process_sees_its_own_credentials_and_nobody_elses(name: str) -> None:
    user = name.removeprefix("sink-")
    own = {"audit": {"signing-key"}, "auditor": {"signing-keys"}}.get(name, set())
    assert set(secrets_of(name)) <= {"authority", "pepper", f"kafka-{user}", f"postgres-{user}"} | own
    assert {f"kafka-{user}", f"postgres-{user}"} & set(secrets_of(name))


def test_only_who_makes_pseudonyms_sees_the_pepper() -> None:
    seen = {name for name in SERVICES if "pepper" in secrets_of(name)}
    assert seen
    assert seen <= {"intake", "operator", "replay", "auditor", "rules", "notifier"}  # fmt: skip


def test_only_the_audit_process_sees_the_key_that_signs_the_log() -> None:
    assert {name for name in SERVICES if "signing-key" in secrets_of(name)} == {"audit"}
    settings = Settings(home=Path("/run/kruispunt"))
    assert secrets_of("audit")["signing-key"] == str(settings.secrets_folder / "signing-key")
    assert secrets_of("auditor")["signing-keys"] == str(settings.public_keys)


def test_provisioning_sees_what_it_hands_out() -> None:
    seen = set(secrets_of("provision"))
    assert {f"kafka-{user}" for user in ("admin", *BLUEPRINT.users)} <= seen
    assert {f"postgres-{user}" for user in ("owner", "operator", *HOSTED)} <= seen
    assert f"postgres-{SUPERUSER}" not in seen
    assert "pepper" not in seen


def test_nobody_but_the_brokers_and_provisioning_sees_the_administrators_password() -> None:
    seen = {name for name in SERVICES if "kafka-admin" in secrets_of(name)}
    assert seen == {"kafka-1", "kafka-2", "kafka-3", "provision"}
    assert {name for name in SERVICES if f"postgres-{SUPERUSER}" in secrets_of(name)} == {"postgres"}


def test_a_login_is_good_for_as_long_as_in_the_embedded_stack() -> None:
    properties = (DOCKER / "kafka" / "server.properties").read_text("utf-8")
    assert f"listener.name.client.connections.max.reauth.ms={SESSION_MS}\n" in properties


def test_the_brokers_forget_no_place_as_in_the_embedded_stack() -> None:
    properties = (DOCKER / "kafka" / "server.properties").read_text("utf-8")
    assert f"offsets.retention.minutes={LONGEST_RETENTION}\n" in properties


def test_the_session_of_a_lost_host_ends_as_in_the_embedded_stack() -> None:
    given = [word for word in SERVICES["postgres"]["command"] if "tcp_" in word or "connection_check" in word]
    assert given == [f"-c{name}={value}" for name, value in SERVER_HEARTBEAT.items()]
    properties = (DOCKER / "kafka" / "server.properties").read_text("utf-8")
    assert f"transaction.abort.timed.out.transaction.cleanup.interval.ms={CLEANUP_MS}\n" in properties


def test_every_secret_is_declared_used_and_made_by_the_script() -> None:
    declared = COMPOSE["secrets"]
    used = {source for name in SERVICES for source in secrets_of(name)}
    assert set(declared) == used
    kafka, postgres = words("prepare.sh", "kafka_users"), words("prepare.sh", "postgres_users")
    assert kafka == {ADMIN, *BLUEPRINT.users}
    assert postgres == {SUPERUSER, *names(DATABASES)}
    assert {name for name in declared if f"./state/secrets/kafka/{name[6:]}" == declared[name]["file"]} == {
        f"kafka-{user}" for user in kafka
    }


def test_secrets_lie_where_the_settings_look_for_them() -> None:
    settings = Settings(home=Path("/run/kruispunt"))
    given = [(*source.partition("-"), target) for name in OURS for source, target in secrets_of(name).items()]
    assert {"kafka", "postgres"} <= {kind for kind, *_ in given}
    for kind, _, user, target in given:
        if kind in {"kafka", "postgres"}:
            assert target == str(settings.secrets_folder / kind / user)


def test_postgresql_makes_the_roles_and_databases_the_code_expects() -> None:
    inside, hosted = words("postgres/roles.sh", "inside"), words("postgres/roles.sh", "hosted")
    assert {"owner", *inside, *hosted} == set(names(DATABASES))
    assert inside == set(DATABASES["kruispunt"].users)
    assert {name: DATABASES[name].owner for name in hosted} == {name: name for name in hosted}
    assert all(DATABASES[name].users == ("inspector",) for name in hosted)
    assert set(DATABASES) == {"kruispunt", *hosted}


def test_postgresql_limits_the_roles_of_institutions_as_the_code_does() -> None:
    script = (DOCKER / "postgres/roles.sh").read_text("utf-8")
    assert f"connection limit {CONNECTIONS};" in script
    assert f"set idle_in_transaction_session_timeout to '{IDLE}';" in script


def test_postgresql_runs_with_the_settings_of_the_embedded_server_and_no_others_that_nobody_named() -> None:
    server, *flags = SERVICES["postgres"]["command"]
    assert server == "postgres"
    given = dict(flag.removeprefix("-c").split("=", 1) for flag in flags)
    assert len(given) == len(flags)
    assert {name: given.get(name) for name in SHARED} == SHARED
    sized = {"shared_buffers", "max_wal_size"}
    assert given.keys() - SHARED.keys() == {"ssl", "ssl_cert_file", "ssl_key_file", "hba_file"} | sized
    # What the embedded server has besides is where it listens, and its size: nothing else may be in one of them only.
    assert OWN.keys() == {"listen_addresses", "unix_socket_directories", "checkpoint_timeout"} | sized
    made = SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    assert made == ["--auth-host=scram-sha-256", "--auth-local=scram-sha-256", *CLUSTER]


def test_postgresql_lets_nobody_in_without_a_password_or_over_a_network_without_tls() -> None:
    lines = (DOCKER / "postgres" / "pg_hba.conf").read_text("utf-8").splitlines()
    entries = [line.split() for line in lines if line and not line.startswith("#")]
    assert [entry[0] for entry in entries] == ["local", "hostssl"]
    assert {entry[-1] for entry in entries} == {"scram-sha-256"}
    mounted = dict(volume.split(":")[:2] for volume in SERVICES["postgres"]["volumes"])
    assert f"-chba_file={mounted['./postgres/pg_hba.conf']}" in SERVICES["postgres"]["command"]
    assert "-cssl=on" in SERVICES["postgres"]["command"]


def test_every_process_verifies_postgresql_by_the_authority_it_is_given() -> None:
    assert OURS
    for name, service in OURS.items():
        environment = service["environment"]
        assert environment["KRUISPUNT_POSTGRES_SSLMODE"] == Settings.model_fields["postgres_sslmode"].default
        for use in ("KAFKA_CA", "POSTGRES_CA", "SMTP_CA"):
            assert environment[f"KRUISPUNT_{use}"] == secrets_of(name)["authority"]


def test_mails_and_letters_are_written_by_one_service_each_and_read_by_the_one_that_counts_them() -> None:
    settings = Settings(home=Path("/run/kruispunt"))
    places = {"./state/data/inbox": settings.inbox.parent, "./state/data/outgoing": settings.outgoing}
    mounts = {
        (name, *volume.split(":"))
        for name, service in SERVICES.items()
        for volume in service.get("volumes", [])
        if volume.split(":")[0] in places
    }
    assert mounts == {
        ("mail", "./state/data/inbox", str(settings.inbox.parent)),
        ("notifier", "./state/data/outgoing", str(settings.outgoing)),
        *(("inspector", source, str(place), "ro") for source, place in places.items()),
    }


def test_the_inbox_is_the_one_of_the_embedded_stack_and_listens_where_mails_are_sent() -> None:
    mail, environment = SERVICES["mail"], SERVICES["notifier"]["environment"]
    assert mail["entrypoint"][-2:] == ["-m", "backbone.stack.inbox"]
    home, port, _ = mail["command"]
    assert (environment["KRUISPUNT_SMTP_HOST"], environment["KRUISPUNT_SMTP_PORT"]) == ("mail", port)
    assert environment["KRUISPUNT_SMTP_TLS"] == "starttls"
    assert secrets_of("mail") == {"mail-certificate": str(server(Places(Path(home))))}


def test_every_file_a_service_writes_to_is_in_a_folder_that_preparing_makes() -> None:
    made = re.search(r'^mkdir -p "\$state"/\{(.*)\}$', (DOCKER / "prepare.sh").read_text("utf-8"), re.MULTILINE)
    assert made
    folders = {f"./state/{folder}" for folder in made.group(1).split(",")}
    sources = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {source for source in sources if source.startswith("./state/")} <= folders


def test_postgresql_lets_the_owner_see_since_when_a_transaction_is_open() -> None:
    script = (DOCKER / "postgres/roles.sh").read_text("utf-8")
    assert f"grant {STATISTICS} to {OWNER};" in script


def test_nothing_inside_is_published_but_on_loopback() -> None:
    for name, service in SERVICES.items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert set(service["networks"]) <= {"inside", "outside"}
        assert ("outside" in service["networks"]) == bool(service.get("ports")), name
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_every_mounted_file_of_ours_is_there() -> None:
    sources = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    ours = {source for source in sources if not source.startswith("./state/")}
    assert ours
    assert {source for source in ours if not (DOCKER / source).is_file()} == set()


def test_the_image_holds_every_package_and_installs_what_is_locked() -> None:
    lines = (DOCKER / "Dockerfile").read_text("utf-8")
    allowed = (DOCKER / "Dockerfile.dockerignore").read_text("utf-8")
    for package in ("schemas", "producers", "population", "consumers", "rules", "notifier", "backbone", "kruispunt"):
        assert f"COPY {package} {package}\n" in lines
        assert f"!{package}\n" in allowed
    copied = [source for line in re.findall(r"^COPY (?!--)(.*) \S+$", lines, re.MULTILINE) for source in line.split()]
    assert {source for source in copied if "*" not in source and not (DOCKER.parent / source).exists()} == set()
    assert "--require-hashes -r requirements.lock" in lines
    assert re.search(r"^USER 10001:10001$", lines, re.MULTILINE)
    assert all(PINNED.match(image) for image in re.findall(r"^FROM (\S+)", lines, re.MULTILINE))


def test_certificates_last_as_long_as_those_of_the_embedded_stack() -> None:
    script = (DOCKER / "prepare.sh").read_text("utf-8")
    assert f"\ndays={LIFETIME.days}\n" in script
    assert f"\nauthority_days={AUTHORITY_LIFETIME.days}\n" in script


@openssl
def test_preparing_makes_secrets_only_their_owner_reads_and_leaves_them_alone_the_second_time(
    tool: str, tmp_path: Path
) -> None:
    state = tmp_path / "a state"
    command, environment = [str(DOCKER / "prepare.sh"), str(state)], {**os.environ, "ALLOW_ROOT": "1"}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    for secret in COMPOSE["secrets"].values():
        made = state / secret["file"].removeprefix("./state/")
        assert made.stat().st_size > 0
        assert made.name in {"ca.crt", "signing-keys.pem"} or made.stat().st_mode & 0o077 == 0
    passwords = [path.read_text() for path in state.glob("secrets/*/*")]
    assert all(len(password) >= 24 and password.isascii() and "\n" not in password for password in passwords)
    assert len(set(passwords)) == len(passwords)
    Signer((state / "secrets" / "signing-key").read_bytes())
    assert len(public_keys([(state / "certificates" / "signing-keys.pem").read_bytes()])) == 1
    authority = state / "certificates" / "ca.crt"
    certificates = [str(path) for path in state.glob("certificates/*.crt") if path != authority]
    subprocess.run([tool, "verify", "-CAfile", str(authority), *certificates], check=True, capture_output=True)
    before = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert {path: path.read_bytes() for path in state.rglob("*") if path.is_file()} == before


@openssl
@pytest.mark.parametrize("left", [AUTHORITY_LIFETIME.days, 700])
def test_renewing_gives_every_server_a_certificate_that_whoever_trusts_the_old_or_the_new_authority_takes(
    tool: str, tmp_path: Path, left: int
) -> None:
    state = tmp_path / "a state"
    command, environment = [str(DOCKER / "prepare.sh"), str(state)], {**os.environ, "ALLOW_ROOT": "1"}
    held = state / "certificates"
    held.mkdir(parents=True)
    key, authority = held / "authority.key", held / "ca.crt"
    kept = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Kruispunt"]
    made = [tool, "req", *kept, "-days", str(left), "-keyout", str(key), "-out", str(authority)]
    subprocess.run(made, check=True, capture_output=True)
    subprocess.run(command, env=environment, check=True, capture_output=True)
    before = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    subprocess.run([command[0], "--renew", command[1]], env=environment, check=True, capture_output=True)
    after = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    names = ("kafka-1", "kafka-2", "kafka-3", "postgres", "mail")
    renewed = {held / f"{name}.{kind}" for name in names for kind in ("crt", "key", "pem")} - {held / "postgres.pem"}
    near_its_end = left < LIFETIME.days
    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == (renewed | {authority} if near_its_end else renewed)
    assert after.keys() == before.keys()
    old, new = tmp_path / "old.crt", tmp_path / "new.crt"
    old.write_bytes(before[authority])
    new.write_bytes(after[authority].partition(before[authority])[0] or after[authority])
    assert (old.read_bytes() == new.read_bytes()) is not near_its_end
    for trusted in (old, new, authority):
        for name in names:
            subprocess.run([tool, "verify", "-CAfile", trusted, held / f"{name}.crt"], check=True, capture_output=True)
    for name in ("kafka-1", "mail"):
        (held / "was.crt").write_bytes(before[held / f"{name}.crt"])
        subprocess.run([tool, "verify", "-CAfile", new, held / "was.crt"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(held / f"{name}.pem")

"""A declaration goes in once; each institution gets its part; somebody is told; and nothing is lost or comes twice."""

import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError
from confluent_kafka.serialization import MessageField, SerializationContext

from schemas.institutions import HOSTED
from schemas.topics import delivery
from tests.builders.quarters import Declared

Run = Callable[..., CompletedProcess[str]]
PERSONS = "200"
PATIENCE_S = 60.0
ALWAYS = {
    "event",
    "declaration",
    "version",
    "status",
    "quarter",
    "employer",
    "person",
    "deliberation",
    "replay",
    "occurred_at",
    "trace_parent",
}
ENVELOPE = ["event", "declaration", "version", "status", "quarter", "employer", "person", "deliberation"]


def ask(kruispunt: Run, *arguments: str | Path, code: int = 0) -> Any:
    """The JSON answer of a command that must end with this code."""
    answer = kruispunt(*arguments, "--json")
    assert answer.returncode == code, answer.stderr
    assert "Traceback" not in answer.stderr
    return json.loads(answer.stdout)


def do(kruispunt: Run, *arguments: str | Path) -> str:
    answer = kruispunt(*arguments)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def unbalanced(kruispunt: Run) -> list[Any]:
    return [row for row in ask(kruispunt, "ledger")["rows"] if row["difference"]]


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a population")
    Declared.MAIN_JOB.generate(int(PERSONS), folder)
    return folder


@pytest.fixture(scope="module")
def receipts(kruispunt: Run, population: Path) -> Any:
    """The population submitted, and everything arrived."""
    do(kruispunt, "load", population)
    files = [*sorted(population.glob("*.xml")), population / "entitlements.jsonl"]
    found = ask(kruispunt, "submit", "--on", str(Declared.MAIN_JOB.sent_on), *files)
    do(kruispunt, "wait", "--timeout", "120")
    return found


def leaves(value: Any, place: str = "") -> Iterator[str]:
    """The dotted path of every value in a record that is there."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, place)
    else:
        yield place


def credentials(kruispunt: Run, institution: str) -> tuple[dict[str, str], dict[str, str]]:
    lines = do(kruispunt, "credentials", institution).splitlines()
    config = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    notes = dict(line.removeprefix("# ").split("=", 1) for line in lines if line.startswith("#"))
    return config, notes


def deliveries(kruispunt: Run, institution: str) -> Iterator[Any]:
    """Every record of an institution, read with nothing but its printed credentials and stock classes."""
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.avro import AvroDeserializer

    config, notes = credentials(kruispunt, institution)
    registry = SchemaRegistryClient({"url": notes["schema.registry.url"]})
    decode = AvroDeserializer(registry)
    reading = {
        "group.id": f"{notes['group.prefix']}test",
        "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
    }
    reader = Consumer(config | reading)
    reader.subscribe([notes["topic"]])
    deadline = time.monotonic() + PATIENCE_S
    ended: set[int | None] = set()
    try:
        while not ended or len(ended) < len(reader.assignment()):
            assert time.monotonic() < deadline
            message = reader.poll(1.0)
            if message is None:
                continue
            if (error := message.error()) is not None:
                assert error.code() == KafkaError._PARTITION_EOF, error
                ended.add(message.partition())
                continue
            yield decode(message.value(), SerializationContext(notes["topic"], MessageField.VALUE))
    finally:
        reader.close()
        registry.close()


def test_every_file_gets_a_receipt(receipts: Any) -> None:
    assert all(one["accepted"] and not one["already_received"] for one in receipts["submissions"])
    persons = sum(
        part["persons"] for one in receipts["submissions"] for part in one["declarations"] if part["employer"]
    )
    assert persons >= int(PERSONS)


def test_the_ledger_balances(kruispunt: Run, receipts: Any) -> None:
    assert unbalanced(kruispunt) == []
    effects = {row["effect"]: row["found"] for row in ask(kruispunt, "ledger")["rows"]}
    assert effects["published events = exchanged events"] > 3 * int(PERSONS)
    assert effects["notices = handed over + suppressed + in progress"] > 0
    assert {f"delivered records = stored records ({name})" for name in HOSTED} <= effects.keys()


def test_the_same_bytes_again_give_the_first_receipt_and_nothing_new(
    kruispunt: Run, receipts: Any, population: Path
) -> None:
    before = ask(kruispunt, "ledger")
    again = ask(kruispunt, "submit", *sorted(population.glob("*.xml")))
    first = {one["file"]: one["submission"] for one in receipts["submissions"]}
    assert all(one["already_received"] and first[one["file"]] == one["submission"] for one in again["submissions"])
    do(kruispunt, "wait", "--timeout", "60")
    assert ask(kruispunt, "ledger") == before


@pytest.mark.parametrize("institution", ["rva", "fpd"])
def test_a_stock_client_reads_exactly_what_the_deliberations_permit(
    kruispunt: Run, receipts: Any, institution: str
) -> None:
    permitted: dict[str, set[str]] = defaultdict(set)
    for one in ask(kruispunt, "entitlements"):
        if one["recipient"] == institution:
            for field in one["fields"]:
                # A part that is absent stands there as a whole, as null.
                permitted[one["deliberation"]] |= set(accumulate(field.split("."), "{}.{}".format))
    on_file = {line["person"] for line in ask(kruispunt, "directory") if line["institution"] == institution}
    found = list(deliveries(kruispunt, institution))
    assert found
    for record in found:
        assert list(record)[: len(ENVELOPE)] == ENVELOPE
        assert record["person"] in on_file
        assert record["deliberation"] in permitted
        assert (
            set(leaves({name: value for name, value in record.items() if name not in ALWAYS}))
            <= permitted[record["deliberation"]]
        )
    assert len({(record["event"], record["deliberation"]) for record in found}) == len(found)


def test_no_institution_sees_the_topic_of_another(kruispunt: Run, receipts: Any) -> None:
    heard: list[Any] = []
    config, _ = credentials(kruispunt, "nic")
    reader = Consumer(config | {"group.id": "nic.intruder", "auto.offset.reset": "earliest", "error_cb": heard.append})
    others = {delivery("rva"), "declarations.wages"}
    reader.subscribe(sorted(others))
    until = time.monotonic() + 5
    got: list[Any] = []
    refused: set[str | None] = set()
    while time.monotonic() < until and refused != others:
        message = reader.poll(0.5)
        if message is not None and message.error() is None:
            got.append(message)
        elif message is not None:
            heard.append(message)
            refused.add(message.topic())
    reader.close()
    assert got == []
    assert heard


def test_somebody_is_told_without_a_number_in_the_open(kruispunt: Run, receipts: Any, stack: Any) -> None:
    told = ask(kruispunt, "notices")
    handed = [one for one in told if one["state"] == "handed over"]
    assert {one["channel"] for one in handed} == {"e-mail", "letter"}
    persons = {line["person"] for line in ask(kruispunt, "directory")}
    mails = [path.read_text("utf-8", errors="replace") for path in stack.inbox.iterdir()]
    assert len(mails) == sum(one["channel"] == "e-mail" for one in handed)
    assert not [person for person in persons for mail in mails if person in mail]
    assert not {one["recipient"] for one in told} & persons


def test_whoever_asks_about_a_notice_gets_each_finding_explained_and_decided_again(
    kruispunt: Run, receipts: Any
) -> None:
    told = [one for one in ask(kruispunt, "notices") if one["state"] == "handed over"]
    assert all(one["findings"] for one in told)
    by_rule = {rule: one for one in told for rule in one["rules"] if len(one["rules"]) == 1}
    assert by_rule
    for rule, one in by_rule.items():
        finding = one["findings"][0]
        assert ask(kruispunt, "rules", "explain", finding)["rule"] == rule
        do(kruispunt, "rules", "explain", finding, "--for", "citizen", "--language", one["language"])
        assert "give the same" in do(kruispunt, "rules", "replay", finding)


def test_a_declaration_with_a_blocking_anomaly_leaves_no_trace_but_its_receipt(
    kruispunt: Run, receipts: Any, population: Path, tmp_path: Path
) -> None:
    before = ask(kruispunt, "ledger")
    text = min(population.glob("*.xml")).read_text("utf-8")
    broken = tmp_path / "broken.xml"
    broken.write_text(text.replace("<ServiceCode>001</ServiceCode>", "<ServiceCode>999</ServiceCode>", 1), "utf-8")
    [answer] = ask(kruispunt, "submit", broken, code=1)["submissions"]
    assert not answer["accepted"]
    assert any(one["code"].startswith("00062-") and one["severity"] == "blocking" for one in answer["anomalies"])
    after = ask(kruispunt, "ledger")
    pairs = zip(before["rows"], after["rows"], strict=True)
    changed = {then["effect"]: now["found"] - then["found"] for then, now in pairs if then != now}
    assert changed.pop("submissions received = acknowledgements stored") == 1
    assert set(changed) <= {"declarations judged = notifications stored"}
    assert after["balanced"]


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("relay", Declared.KILLED_RELAY),
        ("exchange", Declared.KILLED_EXCHANGE),
        ("sink-rva", Declared.KILLED_SINK),
        ("audit", Declared.KILLED_AUDIT),
        ("rules", Declared.KILLED_RULES),
        ("notifier", Declared.KILLED_NOTIFIER),
    ],
    ids=["relay", "exchange", "sink-rva", "audit", "rules", "notifier"],
)
def test_killing_a_process_in_the_middle_of_a_batch_loses_and_doubles_nothing(
    kruispunt: Run, receipts: Any, tmp_path: Path, name: str, declared: Declared
) -> None:
    files = declared.generate(400, tmp_path)
    do(kruispunt, "load", tmp_path)
    # Whoever comes on file now brings what was published before: that has to arrive before anything is counted.
    do(kruispunt, "wait", "--timeout", "60")
    before = published(kruispunt)
    for file in files:
        do(kruispunt, "submit", "--on", str(declared.sent_on), file)
    killed = 0
    until = time.monotonic() + 12
    while time.monotonic() < until and killed < 3:
        running = {one["name"]: one for one in json.loads(kruispunt("status", "--json").stdout)["processes"]}
        if running[name]["state"] == "running":
            os.kill(running[name]["pid"], signal.SIGKILL)
            killed += 1
        time.sleep(1)
    assert killed
    do(kruispunt, "wait", "--timeout", "180")
    assert unbalanced(kruispunt) == []
    assert published(kruispunt) >= before + 3 * 400


def published(kruispunt: Run) -> int:
    rows = {row["effect"]: row["found"] for row in ask(kruispunt, "ledger")["rows"]}
    return int(rows["accepted facts = published events"])

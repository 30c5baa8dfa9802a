"""The subscriber's kit is one kit: its two examples, its page and what is tested say the same."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from consumers.deliberations import load
from consumers.narrowing.projection import projections
from schemas.codec import decode_body, encode, split
from schemas.samples import sample
from schemas.topics import delivery, topic

ROOT = Path(__file__).parents[2]
KIT = ROOT / "examples" / "subscriber"
PAGE = (ROOT / "docs" / "subscribe.md").read_text("utf-8")
MAVEN = {"m": "http://maven.apache.org/POM/4.0.0"}


def versions(pom: Path) -> dict[str, str]:
    tree = ET.parse(pom).getroot()  # noqa: S314 - our own file
    names = {prop.tag.rsplit("}", 1)[-1]: prop.text or "" for prop in tree.iterfind("m:properties/*", MAVEN)}
    found = {
        dependency.findtext("m:artifactId", "", MAVEN): dependency.findtext("m:version", "", MAVEN)
        for dependency in tree.iterfind("m:dependencies/m:dependency", MAVEN)
    }
    return {name: names.get(version.strip("${}"), version) for name, version in found.items()}


def test_both_examples_keep_the_same_tables() -> None:
    assert (KIT / "python" / "store.sql").read_bytes() == (KIT / "java/src/main/resources/store.sql").read_bytes()


def test_the_python_example_asks_for_the_client_it_is_tested_with() -> None:
    (name, version) = (KIT / "python" / "requirements.txt").read_text("utf-8").strip().split("==")
    assert name == "confluent-kafka[avro]"
    assert f"confluent-kafka=={version} " in (ROOT / "requirements.lock").read_text("utf-8")


def test_the_java_example_uses_the_client_of_the_brokers_version() -> None:
    assert (
        versions(KIT / "java" / "pom.xml")["kafka-clients"] == versions(ROOT / "backbone/stack/pom.xml")["kafka_2.13"]
    )


def test_every_version_of_the_java_example_is_pinned_and_nothing_but_central_is_asked() -> None:
    text = (KIT / "java" / "pom.xml").read_text("utf-8")
    assert re.findall(r"<version>(.*?)</version>", text)
    assert not [found for found in re.findall(r"<version>(.*?)</version>", text) if not re.fullmatch(r"[\d.]+", found)]
    assert "repositor" not in text.lower()
    plugins = ET.fromstring(text).findall("m:build//m:plugin", MAVEN)  # noqa: S314 - our own file
    assert plugins
    assert not [one.findtext("m:artifactId", "", MAVEN) for one in plugins if one.find("m:version", MAVEN) is None]


def test_both_examples_have_the_options_the_page_names() -> None:
    options = set(re.findall(r"--(?!rotate)[a-z][a-z-]*", PAGE))
    assert options == {"--until-idle", "--again"}
    for source in (KIT / "python/subscriber.py", KIT / "java/src/main/java/subscriber/Subscriber.java"):
        assert options <= set(re.findall(r"--[a-z-]+", source.read_text("utf-8")))


def test_what_the_page_quotes_both_examples_say() -> None:
    quoted = re.findall(r"`((?:does not let|refuses|you fell)[^`]*)`", PAGE)
    assert len(quoted) == 3
    python = (KIT / "python/subscriber.py").read_text("utf-8")
    java = (KIT / "java/src/main/java/subscriber/Trouble.java").read_text("utf-8")
    for source in (python, java):
        joined = re.sub(r'"\s*\+?\s*"', "", source)
        assert [words for words in quoted if words not in joined] == []


def test_the_record_of_the_page_is_what_the_deliberation_makes_of_the_sample() -> None:
    ((shown),) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    name = "declarations.working-time"
    record = json.loads(shown)
    (made,) = [
        one for one in projections(load()) if one.deliberation == record["deliberation"] and one.contract.name == name
    ]
    full = sample(name) | {"deliberation": made.deliberation, "replay": False}
    _, body = split(encode(made.contract, full))
    assert list(record) == list(decode_body(made.contract, body))
    assert record == json.loads(json.dumps(decode_body(made.contract, body), default=str))


def test_the_page_knows_how_long_deliveries_are_kept() -> None:
    assert f"the topic keeps {topic(delivery('rva')).retention_days} days" in PAGE

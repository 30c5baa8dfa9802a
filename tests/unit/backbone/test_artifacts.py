"""No jar gets through that is not the one we know."""

import hashlib
from pathlib import Path

import pytest

from backbone.errors import Stop
from backbone.stack import artifacts, prerequisites

GOOD = b"good jar"
LOCK = {"one.jar": hashlib.sha256(GOOD).hexdigest()}


def test_a_folder_with_exactly_the_known_jars_passes(tmp_path: Path) -> None:
    (tmp_path / "one.jar").write_bytes(GOOD)
    artifacts.verify(tmp_path, LOCK)


def test_a_jar_with_other_bytes_is_named_and_refused(tmp_path: Path) -> None:
    (tmp_path / "one.jar").write_bytes(GOOD + b"!")
    with pytest.raises(Stop, match=r"one\.jar has SHA-256") as refusal:
        artifacts.verify(tmp_path, LOCK)
    assert LOCK["one.jar"] in str(refusal.value)
    assert str(tmp_path) in str(refusal.value)


def test_a_jar_nobody_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.jar").write_bytes(GOOD)
    (tmp_path / "two.jar").write_bytes(b"?")
    with pytest.raises(Stop, match=r"two\.jar is not in kafka\.lock"):
        artifacts.verify(tmp_path, LOCK)


def test_a_missing_jar_is_named(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"one\.jar is missing"):
        artifacts.verify(tmp_path, LOCK)


def test_the_lock_pins_the_broker_and_its_log_binding() -> None:
    lock = artifacts.lock()
    assert "org.apache.kafka.kafka_2.13-4.3.1.jar" in lock
    assert "org.slf4j.slf4j-simple-1.7.36.jar" in lock
    assert all(len(digest) == 64 for digest in lock.values())


def test_an_altered_cache_stops_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bring(target: Path, _cache: Path) -> None:
        target.mkdir()
        (target / "one.jar").write_bytes(GOOD)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(artifacts, "lock", lambda: LOCK)
    monkeypatch.setattr(artifacts, "resolve", bring)
    [jar] = artifacts.jars()
    jar.write_bytes(b"altered")
    with pytest.raises(Stop, match=r"one\.jar has SHA-256"):
        artifacts.jars()


def test_wrong_jars_never_reach_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bring(target: Path, _cache: Path) -> None:
        target.mkdir()
        (target / "one.jar").write_bytes(b"altered on the way")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(artifacts, "lock", lambda: LOCK)
    monkeypatch.setattr(artifacts, "resolve", bring)
    with pytest.raises(Stop):
        artifacts.jars()
    assert not list((tmp_path / "kruispunt").iterdir())


def test_missing_java_and_maven_are_named_together_with_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Stop, match=r"apt-get install openjdk-17-jre-headless maven") as missing:
        prerequisites.check()
    assert "Java (>= 17) is not installed" in str(missing.value)
    assert "Maven (mvn) is not installed" in str(missing.value)

"""What the system lacks is named before anything is tried."""

from pathlib import Path

import pytest

from backbone.errors import Stop
from backbone.stack import prerequisites


def test_a_java_that_is_too_old_is_named_with_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, words in (("java", 'openjdk version "11.0.2" 2019-01-15'), ("mvn", "")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{words}' >&2\n", "utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Stop, match="is Java 11, and Kafka needs >= 17"):
        prerequisites.check()

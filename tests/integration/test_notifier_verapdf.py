"""Letters are what they claim to be: a validator of others says so."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from backbone.stack.artifacts import cache_folder
from notifier.letter.typesetter import printer
from schemas.languages import LANGUAGES
from tests.builders import notices as example

VERSION = "1.28.2"
MAIN = "org.verapdf.apps.GreenfieldCliWrapper"
RESOLVE_S = 300
CHECK_S = 120
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>test</groupId><artifactId>verapdf</artifactId><version>1</version><dependencies><dependency>
<groupId>org.verapdf.apps</groupId><artifactId>greenfield-apps</artifactId><version>{VERSION}</version>
</dependency></dependencies></project>"""


@pytest.fixture(scope="module")
def jars(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The validator, resolved once per machine. Only tests use it."""
    kept = cache_folder() / f"verapdf-{VERSION}"
    if not kept.is_dir():
        project = tmp_path_factory.mktemp("verapdf")
        (project / "pom.xml").write_text(POM)
        resolve = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=lib"]
        subprocess.run(["mvn", "-q", "-B", *resolve], cwd=project, check=True, timeout=RESOLVE_S)
        kept.parent.mkdir(parents=True, exist_ok=True)
        arriving = kept.with_name(f"{kept.name}.{os.getpid()}")
        subprocess.run(["cp", "-r", project / "lib", arriving], check=True)
        try:
            arriving.rename(kept)
        except OSError:
            assert kept.is_dir(), "somebody else was faster"
    return sorted(kept.glob("*.jar"))


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("letters")
    withdrawn = replace(example.work_bonus(), tells="withdrawn")
    notices = [
        notice
        for language in LANGUAGES
        for notice in (
            example.for_citizen(language),
            example.for_employer(language, 60),
            example.for_citizen(language, withdrawn, sequence=2),
        )
    ]
    scripts = "D\u0092Hondt Ωμέγα Кирилл محمد בן 王小明 さくら 김 ไทย हिन्दी ქართული 🍕 \ue000"
    anyone = example.for_citizen("fr")
    profile = replace(anyone.profile, name=scripts, country="JP")
    notices.append(replace(anyone, profile=profile, names={example.EMPLOYER: scripts}))
    for number, notice in enumerate(notices):
        (folder / f"{number}.pdf").write_bytes(printer().print_letter(notice).pdf)
    return sorted(folder.iterdir())


@pytest.mark.parametrize(("flavour", "promise"), [("ua1", "accessible"), ("2a", "fit for the archive")])
def test_every_kind_of_letter_keeps_its_promise(
    jars: list[Path], letters: list[Path], tmp_path: Path, flavour: str, promise: str
) -> None:
    path = os.pathsep.join(map(str, jars))
    java = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", f"-Djava.io.tmpdir={tmp_path}", "-cp", path, MAIN]
    check = [*java, "-f", flavour, "--format", "text", *map(str, letters)]
    said = subprocess.run(check, capture_output=True, text=True, check=False, timeout=CHECK_S).stdout.splitlines()
    assert len(said) == len(letters) == 13
    assert all(line.startswith("PASS") for line in said), f"not {promise}: {said}"

"""Names every program that is missing, with the command that installs it, before anything is tried."""

import re
import shutil
import subprocess
import sys

from backbone.errors import Stop

OLDEST_JAVA = 17
JAVA_PACKAGE = "openjdk-17-jre-headless"
VERSION = re.compile(r'version "(\d+)')


def _java_version(java: str) -> int:
    answer = subprocess.run([java, "-version"], capture_output=True, encoding="utf-8", errors="replace", check=False)
    found = VERSION.search(answer.stderr + answer.stdout)
    return int(found[1]) if found else 0


def check() -> None:
    """Look for everything the stack needs from the system.

    Raises Stop that names all that is missing at once.
    """
    missing: list[str] = []
    packages: list[str] = []
    java = shutil.which("java")
    if java is None:
        missing.append(f"Java (>= {OLDEST_JAVA}) is not installed")
        packages.append(JAVA_PACKAGE)
    elif (version := _java_version(java)) < OLDEST_JAVA:
        missing.append(f"{java} is Java {version or 'of an unknown version'}, and Kafka needs >= {OLDEST_JAVA}")
        packages.append(JAVA_PACKAGE)
    if shutil.which("mvn") is None:
        missing.append("Maven (mvn) is not installed")
        packages.append("maven")
    if missing:
        raise Stop(f"{'; '.join(missing)}.", f"On Debian: apt-get install {' '.join(packages)}")


if __name__ == "__main__":
    try:
        check()
    except Stop as stop:
        sys.exit(str(stop))

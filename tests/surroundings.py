"""The environment that every test has, whoever runs it, wherever: little of the caller's, the rest as stated."""

import os
import time
from collections.abc import Mapping, MutableMapping
from pathlib import Path

KEPT = (
    "PATH", "HOME", "USER", "LOGNAME", "LD_LIBRARY_PATH", "JAVA_HOME", "MAVEN_OPTS", "MAVEN_ARGS", "XDG_CACHE_HOME",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY",
    "PYTHONDONTWRITEBYTECODE", "KRUISPUNT_DMFA",
)  # fmt: skip
"""Where programs are, and how this machine reaches the network: Maven brings what some tests need."""
STATED = {
    "COLUMNS": "100",
    "LINES": "40",
    "TERM": "dumb",
    "LANG": "C.UTF-8",
    "TZ": "Europe/Brussels",
    # The JVM compiles in haste.
    "KRUISPUNT_FAST_START": "1",
}
HASTE = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Maven runs for seconds: compiling well what it does takes as long again."""
NEAR = "127.0.0.1,localhost"
UMASK = 0o022


def stated(given: Mapping[str, str], temporary: Path) -> dict[str, str]:
    """The environment of the tests, made from the caller's."""
    made = {name: given[name] for name in KEPT if name in given} | STATED | {"TMPDIR": str(temporary)}
    # No proxy stands between two processes of this machine.
    for name in ("no_proxy", "NO_PROXY"):
        made[name] = ",".join(filter(None, (given.get(name), NEAR)))
    # Every JVM would say on stderr that it has read these; only Maven needs them.
    made["MAVEN_OPTS"] = " ".join(filter(None, (HASTE, given.get("MAVEN_OPTS"), given.get("JAVA_TOOL_OPTIONS"))))
    return made


def settle(environment: MutableMapping[str, str], temporary: Path) -> None:
    """Make it the environment of this process and of all it starts."""
    made = stated(environment, temporary)
    environment.clear()
    environment.update(made)
    time.tzset()
    os.umask(UMASK)

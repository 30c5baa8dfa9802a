"""Writes what supervisord reads: every process, how it starts and stops, where it logs."""

import os
import shlex
from collections.abc import Iterable

from backbone.stack.places import Places
from backbone.stack.programs import Program

LOG_BYTES = "10MB"
LOG_BACKUPS = 3
START_RETRIES = 20
"""Each wait is a second longer than the one before: about three minutes of trying."""
STAY_S = 2
"""A process runs when it has stayed up this long: most that fail do so while they open their connections."""


def _plain(value: str) -> str:
    return value.replace("%", "%%")


def _section(places: Places, program: Program) -> str:
    environment = ",".join(
        f'{name}="{_plain(value)}"' for name, value in sorted({"PYTHONUNBUFFERED": "1", **program.environment}.items())
    )
    lines = {
        "command": _plain(shlex.join(program.command)),
        "directory": _plain(program.directory),
        "autostart": "false",
        "autorestart": "true",
        "startsecs": str(STAY_S),
        "startretries": str(START_RETRIES),
        "stopsignal": program.stop_signal,
        "stopwaitsecs": str(program.stop_seconds),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": _plain(str(places.logs / f"{program.name}.log")),
        "stdout_logfile_maxbytes": LOG_BYTES,
        "stdout_logfile_backups": str(LOG_BACKUPS),
        "environment": environment,
    }
    if program.user:
        lines["user"] = program.user
    return f"[program:{program.name}]\n" + "".join(f"{name}={value}\n" for name, value in lines.items())


def configuration(places: Places, programs: Iterable[Program]) -> str:
    """The whole file."""
    owner = "user=root\n" if os.getuid() == 0 else ""
    head = (
        f"[unix_http_server]\nfile={_plain(str(places.socket))}\nchmod=0700\n"
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        f"[supervisord]\n{owner}pidfile={_plain(str(places.run / 'supervisord.pid'))}\n"
        f"logfile={_plain(str(places.logs / 'supervisord.log'))}\nlogfile_maxbytes={LOG_BYTES}\n"
        f"logfile_backups={LOG_BACKUPS}\nchildlogdir={_plain(str(places.logs))}\ndirectory=/\numask=077\n"
        "nocleanup=true\n"
    )
    return head + "".join(_section(places, program) for program in programs)

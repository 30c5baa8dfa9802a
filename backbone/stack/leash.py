"""Ends a stack when the process that started it is gone, so that Ctrl-C, kill and crashes leave nothing behind."""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from backbone.stack import orphans
from backbone.stack.processes import began
from backbone.stack.stack import down

PAUSE_S = 0.5
UNDER_MAKE = "MAKELEVEL"


def watch(pid: int) -> None:
    """Return when the process is gone."""
    first = began(pid)
    while first is not None and began(pid) == first:
        time.sleep(PAUSE_S)


def stop_in_order() -> None:
    """Make a kill (SIGTERM) end this process as Ctrl-C does, so that what it opened is closed.

    Run by `make`, the same happens when make is gone, however that ended.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if UNDER_MAKE in os.environ:
        threading.Thread(target=_follow, args=(os.getppid(),), name="follow-make", daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PAUSE_S)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Watch a process, then take the stack down from outside: its supervisor ends this process too.

    The stack is known by its identity, so that it also ends where its home was deleted.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("pid", type=int)
    parser.add_argument("identity")
    parser.add_argument("--wipe", action="store_true")
    parser.add_argument("--now", action="store_true")
    arguments = parser.parse_args()
    if arguments.now:
        down(arguments.home, wipe=arguments.wipe, identity=arguments.identity)
        return
    watch(arguments.pid)
    environment = {name: value for name, value in os.environ.items() if name != orphans.MARK}
    subprocess.Popen(
        [sys.executable, "-P", "-m", "backbone.stack.leash", *sys.argv[1:], "--now"], env=environment, cwd="/",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()

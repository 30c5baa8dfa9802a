"""Reads how much of a core processes have used: other work on the machine changes it less than the clock."""

import os
from collections.abc import Iterable

from backbone.stack.processes import PROCESSES

TICKS = os.sysconf("SC_CLK_TCK")


def seconds(pids: Iterable[int]) -> float:
    """Seconds of a core that these processes have used since they began; one that has ended counts as nothing."""
    found = 0
    for pid in pids:
        try:
            fields = (PROCESSES / str(pid) / "stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        found += int(fields[11]) + int(fields[12])
    return found / TICKS

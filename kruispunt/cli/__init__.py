"""One verb per arrow of the flow; each hands over to the module that does it, nothing more.

A file per panel of `kruispunt --help`; each command imports its own stage only, so that every process is light.
"""

import gc

# Importing makes many objects and no garbage; collecting meanwhile would take a fifth of a command's start.
_collecting = gc.isenabled()
gc.disable()

# In the order of the panels.
from kruispunt.cli import stack, inward, outward, filing, deliberating, accounts, processes, law, auditing  # isort: skip # noqa: E402
from kruispunt.cli.app import app, main  # noqa: E402

if _collecting:
    gc.enable()

__all__ = [
    "accounts",
    "app",
    "auditing",
    "deliberating",
    "filing",
    "inward",
    "law",
    "main",
    "outward",
    "processes",
    "stack",
]

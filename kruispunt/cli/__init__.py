"""One verb per arrow of the flow; each hands over to the module that does it, nothing more.

A file per panel of `kruispunt --help`; each command imports its own stage only, so that every process is light.
"""

# In the order of the panels.
from kruispunt.cli import stack, inward, outward, filing, deliberating, accounts, processes, law, auditing  # isort: skip
from kruispunt.cli.app import app, main

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

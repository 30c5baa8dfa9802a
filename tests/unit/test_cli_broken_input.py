"""Whatever goes wrong in whichever command: a known exit code, a sentence, nobody's data and no traceback.

The commands are those of the command line itself: a new one is driven without being named here.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
import typer
from click.testing import Result
from typer.main import get_command
from typer.testing import CliRunner

from backbone import postgres
from kruispunt.cli import app
from kruispunt.cli.app import PROCESS

COMMAND = Path(sys.executable).with_name("kruispunt")
PERSON, NAME, STREET = "85073003328", "Vandamme-Zilverspar", "Zilverspartstraat"
PROFILE = {
    "person": PERSON,
    "name": {"first": "Anna", "last": NAME},
    "address": {"street": STREET, "number": "1", "box": "", "postcode": "9000", "town": "Gent", "country": "BE"},
    "language": "nl",
    "email": None,
}
TELLS_TOO_MUCH = re.compile(
    rf"Traceback|DETAIL|Failing row|{PERSON}|{NAME}|{STREET}|\w+(Error|Exception|Violation)\(|<class |object at 0x"
)
EXITS = {0, 1, 2, 3}

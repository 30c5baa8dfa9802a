"""Runs commands within this process; the tree of all commands, which is the same each time, is made once."""

from functools import cache
from typing import Any
from unittest.mock import patch

from typer import testing
from typer.main import get_command
from typer.testing import Result

commands = cache(get_command)


class CliRunner(testing.CliRunner):
    """Typer's own, which makes the tree anew for every command: longer than what most commands do."""

    def invoke(self, *arguments: Any, **options: Any) -> Result:
        with patch.object(testing, "_get_command", commands):
            return super().invoke(*arguments, **options)

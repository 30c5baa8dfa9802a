"""A plugin of pytest for `make mutate`: each mutant decides anew, and mutmut finds the names it looks for."""

import sys
from typing import Any

import pytest


def pytest_sessionstart() -> None:
    """What was computed so far comes from the code as it was before it was changed."""
    for name, module in list(sys.modules.items()):
        if name.startswith("rules."):
            for function in vars(module).values():
                if hasattr(function, "cache_clear"):
                    function.cache_clear()


def pytest_itemcollected(item: pytest.Item) -> None:
    """mutmut reads a private attribute that pytest 9 no longer has."""
    named: Any = item
    named._nodeid = item.nodeid

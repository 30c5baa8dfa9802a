"""A plugin of pytest for `make mutate`: each mutant decides anew, and mutmut finds the names it looks for."""

from typing import Any

import pytest

from rules.law.sources import forget


def pytest_sessionstart() -> None:
    """What the rules keep at hand comes from the code as it was before it was changed."""
    forget()


def pytest_itemcollected(item: pytest.Item) -> None:
    """mutmut reads a private attribute that pytest 9 no longer has."""
    named: Any = item
    named._nodeid = item.nodeid

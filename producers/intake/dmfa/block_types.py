"""The shapes the reading of blocks, their checks and their events share."""

from collections.abc import Callable
from typing import Any

from lxml.etree import _Element

from producers.intake.anomalies import Anomalies

Record = dict[str, Any]
Outs = tuple[Record, Record, Record, Record]
"""What a block says for wages, working time, contributions and the register, in this order."""
Take = Callable[[_Element, Outs, Anomalies], None]
Check = Callable[[_Element, Outs, Anomalies], None]
KINDS = ("wages", "working-time", "contributions")
UNREAD = "unread"
"""Marks a record whose code the tables do not know, until it is taken out; in an event, that something was."""
WAGES, TIME, CONTRIBUTIONS, HEAD = range(4)

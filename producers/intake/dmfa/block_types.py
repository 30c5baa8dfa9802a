"""The types shared by reading blocks, checking them and making their events."""

from collections.abc import Callable
from typing import Any

from lxml.etree import _Element

from producers.intake.anomalies import Anomalies

BlockRecord = dict[str, Any]
BlockRecords = tuple[BlockRecord, BlockRecord, BlockRecord, BlockRecord]
"""What a block says for wages, working time, contributions and the register, in this order."""
ReadElement = Callable[[_Element, BlockRecords, Anomalies], None]
BlockCheck = Callable[[_Element, BlockRecords, Anomalies], None]
AnomalyParts = tuple[str, str, str]
"""Anomaly code, XML name of the zone or block, message."""
UNREAD = "unread"
"""Marks a record whose code the tables do not know, until it is taken out; in an event, that something was."""
WAGES, TIME, CONTRIBUTIONS, HEAD = range(4)

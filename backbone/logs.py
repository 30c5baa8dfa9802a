"""Logs one JSON line per thing worth knowing, and never a number that could be a person's."""

import logging
import re
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, FilteringBoundLogger

PERSON_NUMBER = re.compile(r"(?<!\d)\d{11}(?!\d)")
HIDDEN = "[number]"


def _hide(value: Any) -> Any:
    if isinstance(value, str):
        return PERSON_NUMBER.sub(HIDDEN, value)
    if isinstance(value, dict):
        return {name: _hide(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hide(inner) for inner in value]
    return value


def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What Python prints of an unexpected error, without numbers: a database quotes values in its messages."""
    sys.stderr.write(PERSON_NUMBER.sub(HIDDEN, "".join(traceback.format_exception(kind, error, trace))))


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Take out every run of eleven digits."""
    return {name: _hide(value) for name, value in event.items()}


def configure(process: str, level: str = "info") -> FilteringBoundLogger:
    """The logger of a process, on stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logger: FilteringBoundLogger = structlog.get_logger().bind(process=process)
    return logger

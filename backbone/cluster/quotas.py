"""Reads and sets quotas in Kafka's own protocol, as librdkafka does not know them (KIP-546).

aiokafka has the connection, the login and the question; only the request that sets them is
written out here.
"""

from collections.abc import Mapping
from typing import Any

from aiokafka.protocol.admin import DescribeClientQuotasRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from backbone.cluster.state import Entity, Quota
from backbone.errors import Stop

TEXT = String("utf-8")
ENTITY = ("entity", Array(("entity_type", TEXT), ("entity_name", TEXT)))
QuotaChange = tuple[Entity, Mapping[str, float | None]]
"""Whom, and what of each kind: None takes it away."""


class AlterResponse(Response):
    """AlterClientQuotas, version 0, the answer."""

    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", TEXT), ENTITY)),
    )


class AlterStruct(RequestStruct):
    """AlterClientQuotas, version 0, the request on the wire."""

    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = AlterResponse
    SCHEMA = Schema(
        ("entries", Array(ENTITY, ("ops", Array(("key", TEXT), ("value", Float64), ("remove", Boolean))))),
        ("validate_only", Boolean),
    )


class Alter(Request[AlterStruct]):
    """AlterClientQuotas."""

    API_KEY = 49

    def __init__(self, changes: list[QuotaChange]) -> None:
        self._changes = changes

    def build(self, request_struct_class: type[AlterStruct]) -> AlterStruct:
        """Write it down for a version."""
        entries = [
            (list(entity), [(key, value or 0.0, value is None) for key, value in amounts.items()])
            for entity, amounts in self._changes
        ]
        return request_struct_class(entries, False)


def _check(code: int, said: str | None) -> None:
    if code:
        raise Stop(f"Kafka refuses its quotas: {said or f'error {code}'}.", "Is `admin` a super user there?")


async def present(connection: Any) -> dict[Entity, Quota]:
    """All quotas of all users, as a connection of aiokafka reads them.

    Raises Stop when the broker refuses.
    """
    answer: Any = await connection.send(DescribeClientQuotasRequest([], strict=False))
    _check(answer.error_code, answer.error_message)
    return {tuple((kind, name) for kind, name in entity): dict(amounts) for entity, amounts in answer.entries or ()}


async def alter(connection: Any, changes: list[QuotaChange]) -> None:
    """Set and take away.

    Raises Stop when the broker refuses one.
    """
    answer: Any = await connection.send(Alter(changes))
    for code, said, _ in answer.entries:
        _check(code, said)

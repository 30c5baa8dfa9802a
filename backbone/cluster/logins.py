"""Logs in as each user with the password in its file: the only way to know that the broker stores just that one.

A broker never reveals a password, only how often it was hashed.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any

from aiokafka.conn import create_conn
from aiokafka.errors import AuthenticationFailedError, KafkaError, SaslAuthenticationFailed

from backbone.cluster.state import MECHANISM
from backbone.errors import Retry, Stop
from backbone.settings import Settings

TIMEOUT_MS = 10_000
REFUSED = (AuthenticationFailedError, SaslAuthenticationFailed)
OPEN: Callable[..., Any] = create_conn
PATIENCE_S = 15.0
"""A quota on new connections, set by hand, may turn some away; it goes once we got in."""
AGAIN_S = 0.25
CLOSING_S = 0.02
AT_ONCE = 8
"""Logins are hashing: more at once would only wait for the broker's few threads."""


def addresses(settings: Settings) -> list[tuple[str, int]]:
    """Where the brokers listen."""
    found = (address.strip().rpartition(":") for address in settings.kafka_bootstrap.split(","))
    return [(host, int(port)) for host, _, port in found]


@asynccontextmanager
async def connection(settings: Settings, user: str) -> AsyncIterator[Any]:
    """A connection of `user` to whichever broker answers.

    Raises Retry when none does, one of REFUSED when it does not let the user in.
    """
    password = settings.secret("kafka", user)
    trust = ssl.create_default_context(cafile=str(settings.kafka_ca) if settings.kafka_ca else None)
    deadline = time.monotonic() + PATIENCE_S
    opened: Any = None
    for host, port in cycle(addresses(settings)):
        try:
            opened = await OPEN(
                host, port, client_id=user, request_timeout_ms=TIMEOUT_MS, ssl_context=trust,
                security_protocol="SASL_SSL", sasl_mechanism=MECHANISM, sasl_plain_username=user,
                sasl_plain_password=password,
            )  # fmt: skip
            break
        except REFUSED:
            raise
        except (OSError, TimeoutError, KafkaError) as error:
            if time.monotonic() > deadline:
                raise Retry("Kafka does not answer.") from error
            await asyncio.sleep(AGAIN_S)
    try:
        yield opened
    except (OSError, TimeoutError, KafkaError) as error:
        raise Retry(f"Kafka does not answer: {error}") from error
    finally:
        await opened.close()
        # A connection over TLS says goodbye in the turns of the loop that follow.
        await asyncio.sleep(CLOSING_S)


@asynccontextmanager
async def administrator(settings: Settings, user: str = "admin") -> AsyncIterator[Any]:
    """As `connection`, for a user whose login must succeed.

    Raises Stop when the broker refuses the password.
    """
    try:
        async with connection(settings, user) as opened:
            yield opened
    except REFUSED as error:
        raise Stop(
            f"Kafka refuses the login of {user}.", "Is its password the one the storage was made with?"
        ) from error


async def refused(settings: Settings, users: Iterable[str]) -> frozenset[str]:
    """Those of these users whom the broker does not let in with the password in their file."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def refuses(user: str) -> bool:
        async with turn:
            try:
                async with connection(settings, user):
                    return False
            except REFUSED:
                return True

    names = sorted(users)
    answers = await asyncio.gather(*(refuses(user) for user in names))
    return frozenset(user for user, no in zip(names, answers, strict=True) if no)

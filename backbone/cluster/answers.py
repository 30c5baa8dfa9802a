"""Waits for what a broker answers its administrator, and says what to do about a no."""

from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from backbone.errors import Retry, Stop

TIMEOUT_S = 30.0


def answer(thing: Any, future: Future[Any], *fine: int) -> Any:
    """The answer; None for one of the error codes that mean it was so already.

    Raises Retry, Stop.
    """
    try:
        return future.result(TIMEOUT_S)
    except KafkaException as error:
        reason: KafkaError = error.args[0]
        if reason.code() in fine:
            return None
        if reason.retriable() or reason.code() < 0:
            raise Retry(f"Kafka does not answer its administrator: {reason.str()}") from error
        raise Stop(f"Kafka refuses {thing}: {reason.str()}.", "Is `admin` a super user there?") from error
    except TimeoutError as error:
        raise Retry("Kafka does not answer its administrator.") from error


def answered(answers: dict[Any, Future[Any]], *fine: int) -> None:
    """Wait for all of them."""
    for thing, future in answers.items():
        answer(thing, future, *fine)

"""The rules as a Faust stream: bundles of facts in, findings out through the outbox, each bundle decided once."""

import asyncio
import logging
import os
import ssl
import threading
from typing import Any, NoReturn

import faust
from faust.types import StreamT

from backbone.errors import Retry
from backbone.logs import configure
from backbone.settings import Settings
from rules.stream.faust_consumer import positioned
from rules.stream.transaction import Decider
from schemas.roles import Role
from schemas.topics import FACTS

SESSION_S = 6.0
"""How long a killed worker holds its partitions: recovery waits for that."""
HEARTBEAT_S = 2.0
ANSWER_S = 20.0
"""After this long without an answer a broker is considered lost, and the request is sent again: 90 by default."""
FAULT = 1
"""Exit code of a process that met a fault of its own; its supervisor starts it again."""
STOP_S = 8.0
"""An orderly stop takes two seconds; the supervisor kills after fifteen."""
SHORTEST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0
LOOK_S = 5.0
"""How often an idle process checks whether the database was restored to an earlier state."""


def application(settings: Settings, decider: Decider) -> faust.App:
    """The Faust app: no tables, no web server, no topics of its own, no exactly-once of its own."""
    trust = ssl.create_default_context(cafile=str(settings.kafka_ca) if settings.kafka_ca else None)
    guard = BundleGuard(settings, decider)
    app: faust.App = positioned(decider, guard.give_up)(
        str(Role.RULES),
        broker=[f"kafka://{address}" for address in settings.kafka_bootstrap.split(",")],
        broker_credentials=faust.SASLCredentials(
            username=str(Role.RULES),
            password=settings.secret("kafka", Role.RULES),
            ssl_context=trust,
            mechanism="SCRAM-SHA-512",
        ),
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_request_timeout=ANSWER_S,
        consumer_auto_offset_reset="earliest",
        processing_guarantee="at_least_once",
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=settings.partitions,
        table_standby_replicas=0,
        stream_wait_empty=False,
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    facts = app.topic(FACTS, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    @app.agent(facts, concurrency=1)
    async def decide(stream: StreamT[bytes]) -> None:
        async for event in stream.events():
            await guard.decide(event.message.partition, event.message.offset, event.value)

    @app.timer(LOOK_S)  # type: ignore[untyped-decorator]  # Faust has no types for it
    async def look() -> None:
        await guard.look()

    @app.task  # type: ignore[untyped-decorator]  # Faust has no types for it
    async def decide_again() -> None:
        while True:
            await guard.decide_again()
            await asyncio.sleep(LOOK_S)

    return app


class BundleGuard:
    """Lets no bundle pass undecided: waits while trouble may pass, and ends the process otherwise.

    Faust acknowledges an event whose agent raised, and goes on to the next. So no exception ever leaves `decide`.
    """

    def __init__(self, settings: Settings, decider: Decider) -> None:
        self._decider = decider
        self._log = configure(Role.RULES, settings.log_level)

    async def decide(self, partition: int, offset: int, value: bytes | None) -> None:
        """Decide a bundle, however long it takes."""
        pause = SHORTEST_WAIT_S
        while True:
            try:
                await asyncio.to_thread(self._decider.take, partition, offset, value)
            except Retry as error:
                self._log.warning("waiting", reason=str(error), partition=partition, offset=offset)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_WAIT_S)
            except Exception:  # noqa: BLE001 - see the class: nothing may leave
                self._log.exception("stopping", partition=partition, offset=offset)
                # A kill is safe at any instruction, and an orderly stop would let Faust take the next bundle.
                os._exit(FAULT)
            else:
                return

    async def look(self) -> None:
        """End the process where the database was restored: it begins again at the positions that are there."""
        try:
            await asyncio.to_thread(self._decider.look)
        except Retry as error:
            self._log.warning("waiting", reason=str(error))
        except Exception as error:  # noqa: BLE001 - Faust would go on
            self.give_up(str(error))

    async def decide_again(self) -> None:
        """Decide everybody again whom changed law may touch, between the bundles."""
        number = 0
        try:
            while some := await asyncio.to_thread(self._decider.decide_again):
                number += some
        except Retry as error:
            self._log.warning("waiting", reason=str(error))
        except Exception:  # noqa: BLE001 - Faust would go on
            self._log.exception("stopping")
            os._exit(FAULT)
        if number:
            self._log.info("decided again", persons=number)

    def give_up(self, reason: str) -> NoReturn:
        """End the process where it cannot go on safely; Faust would catch an exception and hang."""
        self._log.error("stopping", reason=reason)
        os._exit(FAULT)


class Worker(faust.Worker):
    """A worker that keeps its own name, writes nothing to a terminal, and ends when it is asked to.

    Faust's orderly stop may wait for a broker that is gone, a minute or for good. What is in hand is finished by then,
    and a kill is safe at any instruction: so the process ends without it.
    """

    def __init__(self, app: faust.App) -> None:
        super().__init__(app, loop=asyncio.get_event_loop(), loglevel="WARNING", quiet=True, redirect_stdouts=False)
        self.spinner = None
        self._late: threading.Timer | None = None

    def _setproctitle(self, info: str, *, ident: str = "") -> None:
        """Stay `kruispunt rules`: another name would also overwrite the environment."""

    def _schedule_shutdown(self, signal: Any) -> None:
        self._end_in_time(0)
        super()._schedule_shutdown(signal)

    def on_worker_shutdown(self) -> None:
        """Also where it stops because something broke."""
        self._end_in_time(FAULT)
        super().on_worker_shutdown()

    def _end_in_time(self, code: int) -> None:
        if self._late is None:
            self._late = threading.Timer(STOP_S, os._exit, (code,))
            self._late.daemon = True
            self._late.start()


def run(settings: Settings, decider: Decider | None = None) -> None:
    """Decide until asked to stop."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    decider = decider or Decider(settings)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        worker: Any = Worker(application(settings, decider))
        worker.execute_from_commandline()
    finally:
        decider.close()
        if not loop.is_running():
            loop.close()

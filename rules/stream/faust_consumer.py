"""Makes Faust read committed records only, and start where PostgreSQL says it stopped.

Faust's own committed offsets lag behind after a kill and run ahead after an error, so they are never looked at: the
seek before each resumption goes to the positions that were stored with the data.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, ClassVar, NoReturn

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from rules.stream.transaction import Decider

READ_COMMITTED = "read_committed"
BEGINNING = 0
FETCH_WAIT_MS = 500
"""How long a fetch that finds nothing keeps the connection busy. When a login has expired and its connection is closed,
the search for the coordinator waits behind fetches: with Faust's 1.5 s, until the group misses the member."""


class CommittedThread(driver.AIOKafkaConsumerThread):
    """A consumer thread that sees no record of a transaction that was not committed."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = READ_COMMITTED  # noqa: SLF001 - Faust offers no setting for it, see this module's promise
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 - nor for this one
        return consumer

    async def on_thread_stop(self) -> None:
        """Stop, also where the broker is gone: giving up a fetch then cancels what waits for it to be given up.

        Let out of here, that would end the thread before it has said so, and what waits for the thread would wait on.
        """
        with suppress(asyncio.CancelledError):
            await super().on_thread_stop()


class PositionedConsumer(driver.Consumer):
    """A consumer whose committed offsets are the positions in PostgreSQL."""

    positions: ClassVar[Callable[[], dict[int, int]]]
    give_up: ClassVar[Callable[[str], NoReturn]]

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every assigned partition to its stored position; give up where retention was faster."""
        held = await asyncio.to_thread(type(self).positions)
        assigned = self.assignment()
        first = await self.earliest_offsets(*assigned)
        wanted = {partition: held.get(partition.partition, first.get(partition, BEGINNING)) for partition in assigned}
        gone = [partition for partition in assigned if wanted[partition] < first.get(partition, BEGINNING)]
        if gone:
            names = ", ".join(sorted(f"{partition.topic}[{partition.partition}]" for partition in gone))
            type(self).give_up(f"What comes next in {names} is gone unread; see docs/reliability.md.")
        await self._thread.seek_wait(wanted)
        return wanted


def positioned(decider: Decider, give_up: Callable[[str], NoReturn]) -> type[faust.App]:
    """The class of an app that reads on from where `decider` stopped; `give_up` ends the process with a reason."""

    class Consumer(PositionedConsumer):
        positions = staticmethod(decider.positions)

    Consumer.give_up = staticmethod(give_up)

    class Transport(driver.Transport):
        pass

    Transport.Consumer = Consumer

    class App(faust.App):
        def _new_transport(self) -> driver.Transport:
            return Transport(self.conf.broker_consumer, self)

        def _create_directories(self) -> None:
            """Nothing is kept on disk: there are no tables."""

    return App

"""A real mail server in the test's own process, and a mailbox behind it that refuses what a test wants refused."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


class MailServer(Controller):
    """aiosmtpd's controller ends its loop under conversations that are open, and their sockets are never closed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._conversations: list[SMTP] = []
        super().__init__(*arguments, **options)

    def factory(self) -> SMTP:
        """The protocol of one conversation."""
        conversation: SMTP = super().factory()  # type: ignore[no-untyped-call]  # aiosmtpd has no type here
        self._conversations.append(conversation)
        return conversation

    def stop(self, no_assert: bool = False) -> None:
        """Close the conversations, then the server."""
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(10)
        super().stop(no_assert)

    async def _close(self) -> None:
        for conversation in self._conversations:
            if conversation.transport is not None:
                conversation.transport.close()
        # What is closing is closed in the next turns of the loop.
        await asyncio.sleep(0)
        await asyncio.sleep(0)


class Mailbox:
    """Takes everything, but for what it is told to answer: by address, for RCPT and for DATA; None hangs up."""

    def __init__(self) -> None:
        self.sender = "250 OK"
        self.rcpt: dict[str, str] = {}
        self.data: dict[str, str | None] = {}
        self.asked: list[str] = []
        self.taken: list[str] = []
        self.contents: list[bytes] = []
        self.sessions: set[Any] = set()
        """The sessions themselves: the number of one that is gone is given out again."""

    async def handle_MAIL(self, _s: Any, _session: Any, envelope: Any, address: str, _o: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.sender

    async def handle_RCPT(self, _s: Any, _session: Any, envelope: Any, address: str, _o: Any) -> str:  # noqa: N802
        self.asked.append(address)
        answer = self.rcpt.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        address = envelope.rcpt_tos[0]
        answer = self.data.get(address, "250 OK")
        if answer is None:
            self.taken.append(address)
            server.transport.abort()
            return "250 nobody hears this"
        if answer.startswith("250"):
            self.taken.append(address)
            self.contents.append(envelope.content)
            self.sessions.add(session)
            await asyncio.sleep(0)
        return answer


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def listening(mailbox: Mailbox, port: int, **more: Any) -> Iterator[None]:
    """The mailbox is served on this port."""
    controller = MailServer(mailbox, hostname="127.0.0.1", port=port, **more)
    controller.start()
    try:
        yield
    finally:
        controller.stop()

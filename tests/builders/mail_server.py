"""A mail server in the test's own process that closes every conversation when it stops."""

import asyncio
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

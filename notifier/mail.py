"""Hands e-mails to the mail server over kept connections, and says of each: taken, refused, or in doubt."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from types import TracebackType
from typing import NamedTuple, Self

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from backbone.errors import Retry, Stop
from backbone.settings import Settings

CONNECTIONS = 8
MAILS_PER_CONNECTION = 100
"""Servers close a connection that is used too long; better we do it between two mails than they within one."""
IDLE_S = 20.0
"""After this long without a mail the server is asked whether it is still there."""
TIMEOUT_S = 30.0
PERMANENT = 500


class Outcome(StrEnum):
    """What is known of a mail after it was tried."""

    TAKEN = "taken"
    PASSING = "passing"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"


class Mail(NamedTuple):
    """A mail and where it goes."""

    notice: str
    recipient: str
    content: bytes


class Result(NamedTuple):
    """What became of a mail; `reason` holds the server's code, never its words: they may quote the address."""

    notice: str
    outcome: Outcome
    reason: str = ""


class Connection:
    """One connection to the mail server, opened when needed and renewed when it has served enough."""

    def __init__(self, settings: Settings, context: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._context = context
        self._client: SMTP | None = None
        self._sent = 0
        self._used = 0.0

    async def ready(self) -> SMTP:
        """The open connection.

        Raises Retry when the server cannot be reached, Stop when it is not the one it should be.
        """
        client = self._client
        if client is not None and (self._sent >= MAILS_PER_CONNECTION or not await self._alive(client)):
            await self.close()
        if self._client is None:
            self._client, self._sent = await self._open(), 0
        return self._client

    async def _alive(self, client: SMTP) -> bool:
        if not client.is_connected:
            return False
        if time.monotonic() - self._used < IDLE_S:
            return True
        try:
            await client.noop()
        except (SMTPException, OSError):
            return False
        return True

    async def _open(self) -> SMTP:
        settings = self._settings
        client = SMTP(
            hostname=settings.smtp_host, port=settings.smtp_port, timeout=TIMEOUT_S, tls_context=self._context,
            use_tls=settings.smtp_tls == "tls", start_tls=settings.smtp_tls == "starttls",
        )  # fmt: skip
        try:
            await client.connect()
        except ssl.SSLError as error:
            raise Stop("The mail server's certificate is not trusted.", "Check smtp_ca.") from error
        except (SMTPException, OSError) as error:
            if isinstance(error.__cause__, ssl.SSLError):
                raise Stop("The mail server's certificate is not trusted.", "Check smtp_ca.") from error
            raise Retry(f"The mail server cannot be reached ({type(error).__name__}).") from error
        return client

    async def hand_over(self, mail: Mail) -> Result:
        """Offer one mail.

        Raises Retry or Stop, as `ready`, before anything of it was said.
        """
        client = await self.ready()
        self._sent, self._used = self._sent + 1, time.monotonic()
        options = [] if mail.recipient.isascii() else ["SMTPUTF8"]
        if options and not client.supports_extension("smtputf8"):
            return Result(mail.notice, Outcome.REFUSED, "the server cannot write to such an address")
        encoding = "utf-8" if options else "ascii"
        said_all = False
        try:
            await client.mail(self._settings.smtp_from, options=options, encoding=encoding)
        except SMTPResponseException as error:
            # It is our sender that is refused, not this recipient: no reason to write a letter.
            return await self._refused(client, mail, Outcome.PASSING, error)
        except (SMTPException, OSError) as error:
            return self._lost(mail, Outcome.PASSING, error)
        try:
            await client.rcpt(mail.recipient, encoding=encoding)
            said_all = True
            await client.data(mail.content)
        except SMTPResponseException as error:
            outcome = Outcome.REFUSED if error.code >= PERMANENT else Outcome.PASSING
            return await self._refused(client, mail, outcome, error)
        except (SMTPException, OSError) as error:
            # Once DATA is begun the server may have it, although it never said so.
            return self._lost(mail, Outcome.IN_DOUBT if said_all else Outcome.PASSING, error)
        return Result(mail.notice, Outcome.TAKEN)

    async def _refused(self, client: SMTP, mail: Mail, outcome: Outcome, error: SMTPResponseException) -> Result:
        try:
            await client.rset()
        except (SMTPException, OSError):
            self._drop()
        return Result(mail.notice, outcome, f"The mail server answered {error.code}.")

    def _lost(self, mail: Mail, outcome: Outcome, error: Exception) -> Result:
        self._drop()
        return Result(mail.notice, outcome, f"The connection was lost ({type(error).__name__}).")

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def close(self) -> None:
        """Part from the server politely, if it is still there."""
        if self._client is not None and self._client.is_connected:
            with contextlib.suppress(SMTPException, OSError):
                await self._client.quit()
        self._drop()


class Pool:
    """Some connections that share the work."""

    def __init__(self, settings: Settings, connections: int = CONNECTIONS) -> None:
        context = None
        if settings.smtp_tls != "none":
            context = ssl.create_default_context(cafile=str(settings.smtp_ca) if settings.smtp_ca else None)
        self._connections = [Connection(settings, context) for _ in range(connections)]
        self._loop = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._loop:
            self._loop.run(self._close())

    def check(self) -> None:
        """Make sure that the server takes connections, before any notice is said to be on its way.

        Raises Retry or Stop.
        """
        self._loop.run(self._check())

    def hand_over(self, mails: Sequence[Mail]) -> list[Result]:
        """Offer all of these, and say what became of each."""
        return self._loop.run(self._hand_over(mails))

    async def _check(self) -> None:
        await self._connections[0].ready()

    async def _close(self) -> None:
        await asyncio.gather(*(connection.close() for connection in self._connections))

    async def _hand_over(self, mails: Sequence[Mail]) -> list[Result]:
        waiting = iter(mails)
        results: list[Result] = []
        busy = self._connections[: len(mails)]
        await asyncio.gather(*(self._work(connection, waiting, results) for connection in busy))
        return results

    @staticmethod
    async def _work(connection: Connection, waiting: Iterator[Mail], results: list[Result]) -> None:
        for mail in waiting:
            try:
                results.append(await connection.hand_over(mail))
            except (Retry, Stop) as error:
                results.append(Result(mail.notice, Outcome.PASSING, str(error)))

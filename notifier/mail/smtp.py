"""Hands e-mails to the mail server over kept connections, and reports each as taken, refused or in doubt."""

import asyncio
import contextlib
import re
import ssl
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponseException, SMTPServerDisconnected

from backbone.errors import Reject, Retry, Stop
from backbone.settings import Settings
from notifier.mail import address as mail_address
from notifier.mail import replies
from notifier.mail.address import MailAddress
from notifier.mail.replies import MailOutcome, Reply

CONNECTIONS = 8
MAILS_PER_CONNECTION = 100
"""Servers close a connection that is used too long; better we do it between two mails than they within one."""
IDLE_S = 20.0
"""After this long without a mail the server is asked whether it is still there."""
TIMEOUT_S = 30.0
START_TEXT = 354
LINE_END = re.compile(rb"\r\n|\r|\n")
NO_SMTPUTF8 = "The mail server cannot write to an address that is not ASCII."
NOT_UNDERSTOOD = "The mail server's answer could not be understood."
NOTHING_KNOWN = "Nothing is known of it."


class OutgoingMail(NamedTuple):
    """A mail and where it goes."""

    notice: str
    recipient: str
    content: bytes


class MailResult(NamedTuple):
    """What became of a mail; `reason` holds the server's code, never its words: they may quote the address."""

    notice: str
    outcome: MailOutcome
    reason: str = ""


class MailConnection:
    """One connection to the mail server, opened when needed and renewed when it has served enough."""

    def __init__(self, settings: Settings, context: ssl.SSLContext | None, sender: MailAddress) -> None:
        self._settings = settings
        self._context = context
        self._sender = sender
        self._client: SMTP | None = None
        self._sent = 0
        self._used = 0.0
        self._text_said = False

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
            await _greet(client)
        except ssl.SSLError as error:
            raise Stop("The mail server's certificate is not trusted.", "Check smtp_ca.") from error
        except (SMTPException, OSError) as error:
            _abort(client.transport)
            client.close()
            if isinstance(error.__cause__, ssl.SSLError):
                raise Stop("The mail server's certificate is not trusted.", "Check smtp_ca.") from error
            raise Retry(f"The mail server cannot be reached ({type(error).__name__}).") from error
        return client

    async def hand_over(self, mail: OutgoingMail) -> MailResult:
        """Offer one mail; returns what is known about it, whatever goes wrong."""
        self._text_said = False
        try:
            address = mail_address.read(mail.recipient)
            client = await self.ready()
            self._sent, self._used = self._sent + 1, time.monotonic()
            if address.needs_smtputf8 and not _offers(client, "SMTPUTF8"):
                return MailResult(mail.notice, MailOutcome.REFUSED, NO_SMTPUTF8)
            return await self._offer(client, mail, address)
        except Reject as error:
            return MailResult(mail.notice, MailOutcome.REFUSED, error.reason)
        except (Retry, Stop) as error:
            return MailResult(mail.notice, MailOutcome.PASSING, str(error))
        except Exception as error:  # noqa: BLE001 - one mail must not take the results of the others with it
            self._drop()
            # Once the text was said the server may have it, although it never said so.
            outcome = MailOutcome.IN_DOUBT if self._text_said else MailOutcome.PASSING
            return MailResult(mail.notice, outcome, _what_happened(error))

    async def _offer(self, client: SMTP, mail: OutgoingMail, address: MailAddress) -> MailResult:
        options = []
        if address.needs_smtputf8:
            options = [b"SMTPUTF8", *([b"BODY=8BITMIME"] if _offers(client, "8BITMIME") else [])]
        reply = await _say(client, b"MAIL", b"FROM:" + _path(self._sender), *options)
        if not reply.positive:
            # It is our sender that is refused, not this recipient: no reason to write a letter.
            return await self._declined(client, mail, MailOutcome.PASSING, reply)
        reply = await _say(client, b"RCPT", b"TO:" + _path(address))
        if not reply.positive:
            return await self._declined(client, mail, replies.of_recipient(reply), reply)
        reply = await _say(client, b"DATA")
        if reply.code != START_TEXT:
            return await self._declined(client, mail, replies.of_recipient(reply), reply)
        reply = await self._say_text(client, mail.content)
        outcome = replies.of_text(reply)
        if outcome is MailOutcome.TAKEN:
            return MailResult(mail.notice, outcome)
        return await self._declined(client, mail, outcome, reply)

    async def _say_text(self, client: SMTP, content: bytes) -> Reply:
        # `client.data` does not tell a reply to DATA from a reply to the text: the one leaves no doubt, the other may.
        protocol = client.protocol
        if protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        protocol.write(transparent(content))
        self._text_said = True
        response = await protocol.read_response(timeout=TIMEOUT_S)
        return Reply(response.code, response.message)

    async def _declined(self, client: SMTP, mail: OutgoingMail, outcome: MailOutcome, reply: Reply) -> MailResult:
        if reply.negative:
            try:
                await client.rset()
            except (SMTPException, OSError):
                self._drop()
            return MailResult(mail.notice, outcome, f"The mail server answered {reply.codes}.")
        # Who answers outside the protocol may still be answering: nothing more is said on this connection.
        self._drop()
        return MailResult(mail.notice, outcome, NOT_UNDERSTOOD)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            # Closing would first write what is left, and wait for that as long as a server that hears nothing likes.
            _abort(client.transport)
            client.close()

    async def close(self) -> None:
        """Part from the server politely, if it is still there, and leave no socket behind."""
        transport = self._client.transport if self._client is not None else None
        if self._client is not None and self._client.is_connected:
            with contextlib.suppress(SMTPException, OSError):
                await self._client.quit()
        _abort(transport)
        self._drop()
        # A socket that is aborted is closed in the next turn of the loop.
        await asyncio.sleep(0)


def _abort(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


async def _greet(client: SMTP) -> None:
    """Say EHLO, or HELO to a server that knows only that; after STARTTLS again, as nothing said before it counts."""
    try:
        await client.ehlo()
    except SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()


def _offers(client: SMTP, extension: str) -> bool:
    # The first line is the server's name, and `supports_extension` skips it; some servers leave the name out.
    greeting = client.last_ehlo_response
    lines = greeting.message.upper().splitlines() if greeting is not None else []
    return extension in {line.split()[0] for line in lines if line.strip()}


async def _say(client: SMTP, *words: bytes) -> Reply:
    response = await client.execute_command(*words)
    return Reply(response.code, response.message)


def _path(address: MailAddress) -> bytes:
    return f"<{address}>".encode()


def transparent(content: bytes) -> bytes:
    """A text as it is said: lines end in CR LF, a dot at the beginning of one is doubled, one dot alone ends it."""
    lines = LINE_END.sub(b"\r\n", content)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return (b"\r\n" + lines).replace(b"\r\n.", b"\r\n..").removeprefix(b"\r\n") + b".\r\n"


def _what_happened(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return NOT_UNDERSTOOD
    if isinstance(error, SMTPException | OSError):
        return f"The connection was lost ({type(error).__name__})."
    return f"It could not be handed over ({type(error).__name__})."


class MailPool:
    """Some connections that share the work.

    Raises Stop when the sender's address is not one that every server takes.
    """

    def __init__(self, settings: Settings, connections: int = CONNECTIONS) -> None:
        sender = _sender(settings)
        self.refusing = False
        """Whether the server took nothing of the last group, though there was something it will take another time."""
        context = None
        if settings.smtp_tls != "none":
            context = ssl.create_default_context(cafile=str(settings.smtp_ca) if settings.smtp_ca else None)
        self._connections = [MailConnection(settings, context, sender) for _ in range(connections)]
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

    def hand_over(self, mails: Sequence[OutgoingMail]) -> list[MailResult]:
        """Offer all of these; returns the result of each."""
        results = self._loop.run(self._hand_over(mails))
        outcomes = {result.outcome for result in results}
        self.refusing = MailOutcome.PASSING in outcomes and MailOutcome.TAKEN not in outcomes
        return results

    async def _check(self) -> None:
        await self._connections[0].ready()

    async def _close(self) -> None:
        await asyncio.gather(*(connection.close() for connection in self._connections))

    async def _hand_over(self, mails: Sequence[OutgoingMail]) -> list[MailResult]:
        waiting = iter(mails)
        results: dict[str, MailResult] = {}
        busy = self._connections[: len(mails)]
        await asyncio.gather(*(self._work(connection, waiting, results) for connection in busy))
        return [
            results.get(mail.notice) or MailResult(mail.notice, MailOutcome.IN_DOUBT, NOTHING_KNOWN) for mail in mails
        ]

    @staticmethod
    async def _work(
        connection: MailConnection, waiting: Iterator[OutgoingMail], results: dict[str, MailResult]
    ) -> None:
        for mail in waiting:
            results[mail.notice] = await connection.hand_over(mail)


def _sender(settings: Settings) -> MailAddress:
    try:
        sender = mail_address.read(settings.smtp_from)
    except Reject as error:
        raise Stop("smtp_from is not an e-mail address.", "Correct it.") from error
    if sender.needs_smtputf8:
        raise Stop("smtp_from is not ASCII before the @, and many servers cannot answer it.", "Choose another.")
    return sender

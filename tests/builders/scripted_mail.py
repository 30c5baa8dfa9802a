"""A mail server that answers what a test wants; where it wants nothing, as a contract test says that real ones do."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

UNDERSTOOD = {"EHLO", "MAIL", "RCPT", "RSET", "NOOP", "TEXT"}
Answer = Callable[[str, str], bytes | None]
"""What is answered to a verb and its line (`TEXT` for the whole text); None hangs up."""


def normally(verb: str, line: str) -> bytes | None:
    """What a server says that takes everything."""
    answers = {"DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n", "HELO": b"250 hello\r\n"}
    return answers.get(verb, b"250 OK\r\n" if verb in UNDERSTOOD else b"500 what?\r\n")


def answering(answers: dict[str, bytes | None]) -> Answer:
    """Normally, but for these verbs."""
    return lambda verb, line: answers[verb] if verb in answers else normally(verb, line)


class Envelope:
    """What was said of the mail that comes next, and whether a verb may be said now."""

    def __init__(self) -> None:
        self._begun = False
        self._recipients = 0

    def allows(self, verb: str) -> bool:
        """Whether a server would listen to it."""
        match verb:
            case "MAIL":
                return not self._begun
            case "RCPT":
                return self._begun
            case "DATA":
                return self._recipients > 0
        return True

    def heard(self, verb: str, answer: bytes | None) -> None:
        """Go on from what was answered to it."""
        if verb in {"EHLO", "HELO", "RSET", "TEXT"}:
            self._begun, self._recipients = False, 0
        elif answer is not None and answer.startswith(b"2"):
            self._begun = self._begun or verb == "MAIL"
            self._recipients += verb == "RCPT"


class ScriptedServer:
    """Listens on a port of its own in a thread; `said` and `texts` are what the client said, in order."""

    def __init__(self, answer: Answer = normally, extensions: Sequence[str] = ("8BITMIME", "SMTPUTF8")) -> None:
        self.answer = answer
        self.extensions = list(extensions)
        self.extensions_after_tls: list[str] = []
        self.tls: ssl.SSLContext | None = None
        self.said: list[str] = []
        self.texts: list[bytes] = []
        self.port = 0

    def verbs(self) -> list[str]:
        return [line.split()[0] for line in self.said]

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        extensions, envelope = self.extensions, Envelope()
        writer.write(b"220 mail.example ESMTP\r\n")
        while line := (await reader.readline()).decode().strip():
            self.said.append(line)
            verb = line.split()[0].upper()
            if verb == "STARTTLS" and self.tls is not None:
                writer.write(b"220 begin\r\n")
                await writer.start_tls(self.tls)
                extensions, envelope = self.extensions_after_tls, Envelope()
                continue
            answer = self.answer(verb, line) if envelope.allows(verb) else b"503 bad sequence\r\n"
            envelope.heard(verb, answer)
            if verb == "EHLO" and answer == b"250 OK\r\n":
                names = ["mail.example", *extensions]
                answer = "".join([*(f"250-{name}\r\n" for name in names), "250 SIZE\r\n"]).encode()
            if answer is not None:
                writer.write(answer)
                if answer.startswith(b"354"):
                    self.texts.append(await reader.readuntil(b"\r\n.\r\n"))
                    answer = self.answer("TEXT", "")
                    writer.write(answer or b"")
                    envelope.heard("TEXT", answer)
            if answer is None or verb == "QUIT":
                break

    async def _serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        sessions: set[asyncio.Task[None]] = set()

        async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            sessions.add(asyncio.current_task())  # type: ignore[arg-type]
            try:
                await self._session(reader, writer)
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

        server = await asyncio.start_server(session, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        if sessions:
            await asyncio.wait(sessions, timeout=10)

    @contextmanager
    def listening(self) -> Iterator[None]:
        ready, stop = threading.Event(), asyncio.Event()
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            thread = threading.Thread(target=runner.run, args=(self._serve(ready, stop),))
            thread.start()
            ready.wait(10)
            try:
                yield
            finally:
                loop.call_soon_threadsafe(stop.set)
                thread.join(10)

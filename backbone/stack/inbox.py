"""Receives mail over STARTTLS and keeps each as one file of a Maildir; it sends nothing on."""

import asyncio
import contextlib
import itertools
import os
import signal
import ssl
import sys
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from backbone.stack.places import PRIVATE, Places
from backbone.stack.ports import LOOPBACK

LARGEST = 20 * 1024 * 1024


class Maildir:
    """A mail is written in `tmp`, then appears whole in `new`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = itertools.count(1)
        for name in ("tmp", "new", "cur"):
            (folder / name).mkdir(mode=PRIVATE, parents=True, exist_ok=True)

    def keep(self, content: bytes) -> Path:
        """Store a mail; it is on disk when this returns."""
        name = f"{time.time_ns()}.{os.getpid()}_{next(self._count)}.localhost"
        path = self._folder / "tmp" / name
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return path.rename(self._folder / "new" / name)


class MaildirWriter:
    """What aiosmtpd asks when a mail has come."""

    def __init__(self, maildir: Maildir) -> None:
        self._maildir = maildir

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """Keep the mail, then say so."""
        content = envelope.original_content or b""
        head = [f"Return-Path: <{envelope.mail_from or ''}>"]
        head += [f"Delivered-To: {recipient}" for recipient in envelope.rcpt_tos]
        self._maildir.keep("".join(f"{line}\r\n" for line in head).encode("utf-8", "replace") + content)
        return "250 2.0.0 Kept"


async def serve(places: Places, port: int, host: str = LOOPBACK) -> None:
    """Receive until SIGTERM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(places.certificates / "server.pem")
    keeper = MaildirWriter(Maildir(places.inbox))
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(
            keeper, hostname="localhost", ident="Kruispunt inbox", data_size_limit=LARGEST, tls_context=context,
            require_starttls=True, enable_SMTPUTF8=True, loop=loop,
        )  # fmt: skip

    server = await loop.create_server(session, host, port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Places(Path(sys.argv[1])), int(sys.argv[2]), *sys.argv[3:]))

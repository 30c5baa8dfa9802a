"""Builds the e-mail of a notice: the same bytes for the same notice, however often it is rendered."""

from datetime import UTC
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from functools import cache, lru_cache
from textwrap import fill

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from backbone.errors import Reject
from notifier.content import Notice
from notifier.render.compose import for_mail
from notifier.render.texts import texts

HEADER = "X-Kruispunt-Notice"
LINE = 74
BOUNDARY = "=_kruispunt_{}"
"""Derived from the notice: a random one would make every rendering different."""


@lru_cache(maxsize=4096)
def _wrapped(text: str) -> str:
    """Most paragraphs are the same for everyone, so they are wrapped once."""
    return fill(text, LINE, break_long_words=False, break_on_hyphens=False)


@cache
def _templates() -> tuple[Template, Template]:
    loader = PackageLoader("notifier", "templates")
    kept = {"loader": loader, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    plain = Environment(autoescape=False, **kept)  # type: ignore[arg-type]  # noqa: S701 - the text part is no HTML
    plain.filters["wrapped"] = _wrapped
    html = Environment(autoescape=True, **kept)  # type: ignore[arg-type]
    return plain.get_template("mail.txt.j2"), html.get_template("mail.html.j2")


def render_mail(notice: Notice, sender_address: str) -> bytes:
    """The e-mail, ready for SMTP.

    Raises Reject when no e-mail can be made of this address.
    """
    words = texts(notice.language)
    document = for_mail(notice, words)
    values = {"document": document, "sender": words.sender, "reference": notice.notice, "texts": words}
    plain, html = _templates()
    to = notice.profile.email or ""
    message = EmailMessage(policy=SMTP if to.isascii() else SMTPUTF8)
    try:
        message["From"] = Address(words.sender.name, addr_spec=sender_address)
        message["To"] = Address(notice.profile.full_name, addr_spec=to)
    except (ValueError, IndexError, MessageError) as error:
        raise Reject("e-mail-address", "The e-mail address cannot be written.") from error
    message["Subject"] = document.subject
    message["Date"] = notice.created_at.astimezone(UTC)
    message["Message-ID"] = f"<{notice.notice}@{sender_address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message[HEADER] = notice.notice
    message.set_content(plain.render(values), cte="quoted-printable")
    message.add_alternative(html.render(values), subtype="html", cte="quoted-printable")
    message["Content-Language"] = notice.language
    message.set_boundary(BOUNDARY.format(notice.notice))
    return message.as_bytes()

"""Builds the e-mail of a notice: the same bytes for the same notice, however often it is rendered."""

from datetime import UTC
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache, lru_cache
from textwrap import fill

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from notifier.content import Notice
from notifier.mail_address import read
from notifier.render.compose import for_mail
from notifier.render.headers import address_field, field, text_field
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
    to, sender = read(notice.profile.email or ""), read(sender_address)
    values = {"document": document, "sender": words.sender, "reference": notice.notice, "texts": words}
    plain, html = _templates()
    fields = (
        address_field("From", words.sender.name, sender)
        + address_field("To", notice.profile.full_name, to)
        + text_field("Subject", document.subject)
        + field("Date", format_datetime(notice.created_at.astimezone(UTC)))
        + field("Message-ID", f"<{notice.notice}@{sender.domain}>")
        + field("Auto-Submitted", "auto-generated")
        + field(HEADER, notice.notice)
        + field("Content-Language", notice.language)
    )
    body = EmailMessage(policy=SMTP)
    body.set_content(plain.render(values), cte="quoted-printable")
    body.add_alternative(html.render(values), subtype="html", cte="quoted-printable")
    body.set_boundary(BOUNDARY.format(notice.notice))
    return fields.encode() + body.as_bytes()

"""Builds the e-mail of a notice: the same bytes for the same notice, however often it is rendered."""

from datetime import UTC
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from notifier.mail.address import read
from notifier.mail.headers import address_field, field, text_field
from notifier.mail.open_text import open_text
from notifier.notice_content import Announcement
from notifier.render.texts import texts

HEADER = "X-Kruispunt-Notice"
BOUNDARY = "=_kruispunt_{}"
"""Derived from the notice: a random one would make every rendering different."""


def render_mail(notice: Announcement, sender_address: str) -> bytes:
    """The e-mail, ready for SMTP.

    Raises Reject when no e-mail can be made of this address.
    """
    words = texts(notice.language)
    plain, html = open_text(notice)
    to, sender, office = read(notice.profile.email or ""), read(sender_address), read(words.sender.email)
    fields = (
        address_field("From", words.sender.name, sender)
        + address_field("To", notice.profile.full_name, to)
        + address_field("Reply-To", words.sender.name, office)
        + text_field("Subject", words.say(f"mail.{notice.side}.subject"))
        + field("Date", format_datetime(notice.created_at.astimezone(UTC)))
        + field("Message-ID", f"<{notice.notice}@{sender.domain}>")
        + field("Auto-Submitted", "auto-generated")
        + field(HEADER, notice.notice)
        + field("Content-Language", notice.language)
    )
    body = EmailMessage(policy=SMTP)
    body.set_content(plain, cte="quoted-printable")
    body.add_alternative(html, subtype="html", cte="quoted-printable")
    body.set_boundary(BOUNDARY.format(notice.notice))
    return fields.encode() + body.as_bytes()

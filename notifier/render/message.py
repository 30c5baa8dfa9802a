"""Builds the e-mail of a notice: the same bytes for the same notice, however often it is rendered."""

from datetime import UTC
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

from backbone.errors import Reject
from notifier.content import Announcement
from notifier.render.open_text import open_text
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
    to = notice.profile.email or ""
    message = EmailMessage(policy=SMTP if to.isascii() else SMTPUTF8)
    try:
        message["From"] = Address(words.sender.name, addr_spec=sender_address)
        message["To"] = Address(notice.profile.full_name, addr_spec=to)
    except (ValueError, IndexError, MessageError) as error:
        raise Reject("e-mail-address", "The e-mail address cannot be written.") from error
    message["Reply-To"] = Address(words.sender.name, addr_spec=words.sender.email)
    message["Subject"] = words.say(f"mail.{notice.side}.subject")
    message["Date"] = notice.created_at.astimezone(UTC)
    message["Message-ID"] = f"<{notice.notice}@{sender_address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message[HEADER] = notice.notice
    message.set_content(plain, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = notice.language
    message.set_boundary(BOUNDARY.format(notice.notice))
    return message.as_bytes()

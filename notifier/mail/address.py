"""Parses an e-mail address as SMTP and header fields need it: the domain in ASCII, the local part unchanged."""

import re
from typing import NamedTuple

import idna

from backbone.errors import Reject

LONGEST_LOCAL_PART = 64
LONGEST = 254
"""Octets (RFC 5321 4.5.3.1); an address in angle brackets has at most 256."""
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
DOT_ATOM = re.compile(rf"{ATOM}(\.{ATOM})*")
"""A local part that needs no quotes (RFC 5321 4.1.2), in any script (RFC 6531 3.3)."""
LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DOMAIN = re.compile(rf"{LABEL}(\.{LABEL})*")


class MailAddress(NamedTuple):
    """An e-mail address; `domain` is ASCII: what IDNA 2008 makes of a name in another script."""

    local: str
    domain: str

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only a server with the extension SMTPUTF8 can write to it."""
        return not self.local.isascii()

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def read(text: str) -> MailAddress:
    """The address in a text that holds nothing else.

    Raises Reject when it is not an address, or one that no server of today takes: quoted, or with a number as domain.
    """
    local, _, domain = text.rpartition("@")
    if len(text) <= LONGEST and DOT_ATOM.fullmatch(local) and local.isprintable() and " " not in local:
        address = MailAddress(local, _ascii(domain))
        sound = len(local.encode()) <= LONGEST_LOCAL_PART and len(str(address).encode()) <= LONGEST
        if sound and DOMAIN.fullmatch(address.domain):
            return address
    raise Reject("e-mail-address", "The e-mail address cannot be written.")


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except UnicodeError:
        return ""

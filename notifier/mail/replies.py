"""Classifies the reply of a mail server: taken, refused, passing, or in doubt.

Three questions, in this order: did the server say that it took the mail, is this reply about this recipient, and if
not, is it about us or about the moment? Only a reply about the recipient sends a notice by post: a wrong relay setting
refuses everybody. The code decides (RFC 5321), made exact by the enhanced code where there is one (RFC 3463, and the
registry of RFC 5248). The words of a reply are for people; they are read in one place only, see `RELAYING`.
"""

import re
from enum import StrEnum
from typing import NamedTuple


class MailOutcome(StrEnum):
    """What is known of a mail after it was tried."""

    TAKEN = "taken"
    PASSING = "passing"
    """It was surely not taken, and not because of the recipient: it is tried again."""
    REFUSED = "refused"
    """It was surely not taken, and this recipient will not be reached by e-mail."""
    IN_DOUBT = "in doubt"


class Reply(NamedTuple):
    """The code and the words a server answered with."""

    code: int
    text: str = ""

    @property
    def positive(self) -> bool:
        """Whether the command was carried out (2xx)."""
        return 200 <= self.code < 300

    @property
    def negative(self) -> bool:
        """Whether it was surely not (4xx, 5xx)."""
        return 400 <= self.code < 600

    @property
    def permanent(self) -> bool:
        """Whether the server says that retrying is pointless (5xx)."""
        return 500 <= self.code < 600

    @property
    def enhanced(self) -> tuple[int, int, int] | None:
        """The enhanced code (RFC 2034): at the beginning, or after a number sign as qmail and others write it."""
        match = ENHANCED.search(self.text)
        return (int(match[1]), int(match[2]), int(match[3])) if match else None

    @property
    def codes(self) -> str:
        """Both codes, for the ledger: never the words, as they may quote the address."""
        enhanced = self.enhanced
        return f"{self.code} {'.'.join(map(str, enhanced))}" if enhanced else str(self.code)


ENHANCED = re.compile(r"(?:^\s*|#)([245])\.(\d{1,3})\.(\d{1,3})(?![.\d])")
PERMANENT = 5

RECIPIENT = frozenset(
    {
        (1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (1, 6), (1, 10),
        # 1.5 is a success; 1.7 and 1.8 are about the sender's address, 1.9 about a relay on the way.
        (2, 0), (2, 1),
        # 2.2 (full) and 2.3 (longer than this mailbox takes) are capacity, 2.4 (a list that cannot be expanded) passes.
        (6, 7), (6, 9),
        # This recipient has no use for an address or a header that is not ASCII (RFC 6531 3.5, 3.6).
    }
)  # fmt: skip
"""Subject and detail that speak of the recipient. 3 (system), 4 (network), 5 (protocol) and 7 (policy) never do."""
UNDEFINED = (0, 0)
NO_SUCH_MAILBOX = frozenset({550, 551, 553, 556})
"""Without an enhanced code: mailbox unavailable, not here, not allowed (RFC 5321 4.2.2), no mail at all (RFC 7504).

552 is too many recipients or no room (RFC 5321 4.5.3.1.10); 500 to 504 and 555 are about commands; 521, 530 and others
are about the server or about us; 554 is anything."""
NOT_THIS_MAIL = NO_SUCH_MAILBOX | {554}
"""After the text 554 is the plain "no" to this one mail: the recipient was accepted before, and so were we."""
RELAYING = re.compile(r"\brelay|\brcpthosts\b|\bauthenticat", re.IGNORECASE)
"""Exim says "550 relay not permitted" without an enhanced code; only the words tell it from a dead mailbox."""
ADDRESS = re.compile(r"\S*@\S*|<[^>]*>")


def of_recipient(reply: Reply) -> MailOutcome:
    """What a reply to RCPT, or to DATA before the text, means when it is not the one hoped for."""
    return MailOutcome.REFUSED if _is_about_recipient(reply, NO_SUCH_MAILBOX) else MailOutcome.PASSING


def of_text(reply: Reply) -> MailOutcome:
    """What a reply to the whole text means; one against its content (5.6.x, 5.7.x) passes: notices look alike."""
    if reply.positive:
        return MailOutcome.TAKEN
    if not reply.negative:
        return MailOutcome.IN_DOUBT
    return MailOutcome.REFUSED if _is_about_recipient(reply, NOT_THIS_MAIL) else MailOutcome.PASSING


def _is_about_recipient(reply: Reply, without_enhanced: frozenset[int]) -> bool:
    if not reply.permanent:
        return False
    enhanced = reply.enhanced
    if enhanced is not None and enhanced[1:] != UNDEFINED:
        return enhanced[0] == PERMANENT and enhanced[1:] in RECIPIENT
    return reply.code in without_enhanced and not RELAYING.search(ADDRESS.sub(" ", reply.text))

"""Prints the letter of a notice once more, for a recipient who asks for it by its reference."""

from typing import Any

from psycopg import Cursor

from notifier.letter.typesetter import Letter, printer
from notifier.notice_content import contents


def reprint(cursor: Cursor[Any], notice: str) -> Letter | None:
    """The letter; None where there is no such notice, or nothing in it.

    Raises Reject when it cannot be typeset.
    """
    notices = contents(cursor, [notice])
    return printer().print_letter(notices[0]) if notices and notices[0].findings else None

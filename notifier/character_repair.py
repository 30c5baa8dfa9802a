"""Repairs text in which Windows-1252 characters were read as control characters."""

import re

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What no line of a name or address has: controls, separators of lines and halves of signs."""
_WINDOWS = {code: sign for code in range(0x80, 0xA0) if (sign := bytes([code]).decode("cp1252", "replace")) != "\ufffd"}
_BEYOND_LATIN_1 = re.compile("[\x80-\x9f]")


def mend(text: str) -> str:
    """The text with the signs that Windows-1252 has where Latin-1 has controls: U+0092 is an apostrophe."""
    return text.translate(_WINDOWS) if _BEYOND_LATIN_1.search(text) else text

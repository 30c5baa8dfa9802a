"""Names the languages once: the three of the country, and English."""

from typing import Literal, get_args

Language = Literal["nl", "fr", "de", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def as_language(code: str) -> Language:
    """The language with this code.

    Raises ValueError.
    """
    for language in LANGUAGES:
        if language == code:
            return language
    raise ValueError(f"There is no language {code!r}.")

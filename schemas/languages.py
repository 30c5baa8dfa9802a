"""Names the languages once: the three of the country, and English."""

from typing import Literal, get_args

Language = Literal["nl", "fr", "de", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

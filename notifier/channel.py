"""Chooses the channel for a recipient: the officially activated e-mail address, else a letter, else none."""

from dataclasses import dataclass
from typing import Literal

from schemas.languages import Language

Channel = Literal["e-mail", "letter"]
EMAIL: Channel = "e-mail"
LETTER: Channel = "letter"
HOME_COUNTRY = "BE"
LANGUAGE_OF_STRANGERS: Language = "en"
"""For a recipient without a profile: nothing is sent, but a notice always names a language."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Where and how a citizen or employer can be reached."""

    first_name: str
    name: str
    street: str
    number: str
    box: str
    postcode: str
    town: str
    country: str
    language: Language
    email: str | None
    email_activated: bool

    @property
    def full_name(self) -> str:
        """First name and name; an employer has only the last."""
        return f"{self.first_name} {self.name}".strip()

    @property
    def has_address(self) -> bool:
        """Whether a letter would arrive; abroad a house may have no number, and a country no postcodes."""
        everywhere = all((self.full_name, self.street, self.town))
        return everywhere and (bool(self.number and self.postcode) or self.country != HOME_COUNTRY)


def choose_channel(profile: Profile | None, *, email_returned: bool = False) -> Channel | None:
    """The channel for a recipient; None when none reaches them. A returned e-mail is followed by a letter."""
    if profile is None:
        return None
    if profile.email and profile.email_activated and not email_returned:
        return EMAIL
    return LETTER if profile.has_address else None

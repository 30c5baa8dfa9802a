"""E-mail only where it was officially chosen, else the post, else nobody pretends."""

from dataclasses import replace

import pytest

from notifier.channel import choose_channel
from tests.builders.notices import profile

ANNA = profile("nl")


def test_an_officially_activated_e_mail_comes_first() -> None:
    assert choose_channel(ANNA) == "e-mail"


def test_an_address_that_was_never_activated_is_no_consent() -> None:
    assert choose_channel(replace(ANNA, email_activated=False)) == "letter"


def test_without_an_e_mail_the_post_is_used() -> None:
    assert choose_channel(replace(ANNA, email=None)) == "letter"


def test_what_e_mail_returned_goes_by_post() -> None:
    assert choose_channel(ANNA, email_returned=True) == "letter"


@pytest.mark.parametrize("missing", ["street", "number", "postcode", "town"])
def test_a_letter_needs_a_complete_address(missing: str) -> None:
    assert choose_channel(replace(ANNA, email=None, **{missing: ""})) is None  # type: ignore[arg-type]  # all are text


def test_a_house_abroad_may_have_no_number() -> None:
    assert choose_channel(replace(ANNA, email=None, number="", country="FR")) == "letter"


def test_somebody_without_a_profile_cannot_be_told() -> None:
    assert choose_channel(None) is None

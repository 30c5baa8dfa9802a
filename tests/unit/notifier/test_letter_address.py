"""The post reads an address: its order, its country, and all of it in the window of the envelope."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from notifier.channel import Profile
from notifier.countries import countries
from notifier.letter import address_block as address
from notifier.letter.glyphs import width
from notifier.letter.typesetter import WINDOWS, Letter, printer
from tests.builders import notices as example

MM = 72 / 25.4
WINDOW = WINDOWS["be-right-c56"]
COMPANY = (
    "Coopérative à finalité sociale pour l'accompagnement et l'insertion socioprofessionnelle des demandeurs d'emploi"
    " de la région de langue allemande et des communes voisines"
)
LONG = replace(
    example.profile("fr", "", COMPANY), street="Chaussée de Saint-Job à Saint-Gilles lez Termonde",
    town="Ottignies-Louvain-la-Neuve",
)  # fmt: skip


def abroad(country: str, postcode: str, town: str, **more: str) -> Profile:
    changes: dict[str, Any] = {"country": country, "postcode": postcode, "town": town, **more}
    return replace(example.profile("fr"), **changes)


def printed(profile: Profile) -> Letter:
    return printer().print_letter(replace(example.for_citizen("fr"), profile=profile))


def in_the_window(letter: Letter) -> list[tuple[float, str]]:
    """Base line, in mm from the top, of each line of text that begins right of the left edge of the window."""
    found: list[tuple[float, str]] = []

    def visit(text: str, machine: Any, matrix: Any, _font: Any, _size: Any) -> None:
        x = matrix[4] * machine[0] + matrix[5] * machine[2] + machine[4]
        y = matrix[4] * machine[1] + matrix[5] * machine[3] + machine[5]
        if text.strip() and x / MM >= WINDOW.left and 297 - y / MM < WINDOW.top + WINDOW.height + 12:
            found.append((297 - y / MM, text.strip()))

    PdfReader(BytesIO(letter.pdf)).pages[0].extract_text(visitor_text=visit)
    return found


@pytest.mark.parametrize(
    ("profile", "ending"),
    [
        (example.profile("fr"), ["4800 VERVIERS"]),
        (abroad("FR", "59000", "Lille"), ["59000 LILLE", "FRANCE"]),
        (abroad("NL", "1012 jk", "Amsterdam"), ["1012 JK AMSTERDAM", "NETHERLANDS"]),
        (abroad("DE", "52062", "Aachen"), ["52062 AACHEN", "GERMANY"]),
        (abroad("GB", "SW1A 2AA", "London"), ["LONDON", "SW1A 2AA", "UNITED KINGDOM"]),
        (abroad("IE", "D02 AF30", "Dublin"), ["DUBLIN", "D02 AF30", "IRELAND"]),
        (abroad("US", "97201", "Portland, OR"), ["PORTLAND, OR 97201", "UNITED STATES"]),
        (abroad("LU", "1111", "Luxembourg"), ["L-1111 LUXEMBOURG", "LUXEMBOURG"]),
        (abroad("LU", "L-1111", "Luxembourg"), ["L-1111 LUXEMBOURG", "LUXEMBOURG"]),
        (abroad("JP", "100-0001", "Tokyo", street="Chiyoda", number="1-1", box=""),
         ["Chiyoda 1-1, TOKYO", "100-0001", "JAPAN"]),
        (abroad("HK", "", "Kowloon"), ["KOWLOON", "HONG KONG SAR CHINA"]),
        (abroad("France", "59000", "Lille"), ["59000 LILLE", "FRANCE"]),
    ],
    ids=lambda one: one.country + one.postcode if isinstance(one, Profile) else "",
)  # fmt: skip
def test_town_postcode_and_country_are_written_as_the_country_does(profile: Profile, ending: list[str]) -> None:
    letter = printed(profile)
    assert list(letter.address[-len(ending) :]) == ending
    assert [text for _, text in in_the_window(letter)][-len(ending) :] == ending


def test_the_country_is_named_in_the_language_of_the_sender_whatever_the_letter_is_written_in() -> None:
    profile = abroad("GB", "SW1A 2AA", "London")
    for language in ("nl", "fr", "de", "en"):
        assert printed(replace(profile, language=language)).address[-1] == "UNITED KINGDOM"
    assert address.written(profile, "fr")[-1] == "ROYAUME-UNI"


@pytest.mark.parametrize("country", sorted(countries("en")))
def test_nothing_of_an_address_is_lost_in_any_country(country: str) -> None:
    lines = address.written(abroad(country, "12345", "Somewhere"), "en")
    text = "\n".join(lines)
    assert lines[0] == "Anna Van den Bossche"
    assert all(part in text for part in ("Rue de la Station 27", "12345", "SOMEWHERE"))
    assert all(line == line.strip(" ,-") for line in lines)
    assert (lines[-1] == countries("en")[country].upper()) == (country != "BE")


ENVELOPE, FREE_BELOW = 114, 30
"""Height of a C5/6 envelope, and what bpost wants free below the window and the last line, in mm."""
LINES, LOWER = 4, 35
EVEN = 0.05
"""Rounding of the typesetter, in mm."""


def letter_size(letter: Letter) -> float:
    """The size of the type of the address, in mm, from the distance of its lines."""
    bases = [base for base, _ in in_the_window(letter)]
    return (bases[1] - bases[0]) / (address.CAPITAL + address.LEADING)


def test_the_window_leaves_what_bpost_wants_free_below_it() -> None:
    assert ENVELOPE - WINDOW.top - WINDOW.height == FREE_BELOW


def test_four_lines_also_show_through_a_window_that_is_only_35_mm_high() -> None:
    letter = printed(abroad("FR", "59000", "Lille"))
    assert len(letter.address) == LINES
    first, _ = in_the_window(letter)[0]
    assert first - address.CAPITAL * letter_size(letter) >= WINDOW.top + WINDOW.height - LOWER


def inside(letter: Letter) -> None:
    lines = in_the_window(letter)
    assert [text for _, text in lines] == list(letter.address), "the manifest says what is printed"
    size = letter_size(letter)
    for slid in (0, WINDOW.slip):
        tops = [base - address.CAPITAL * size + slid for base, _ in lines]
        bottoms = [base + address.DESCENT * size + slid for base, _ in lines]
        assert WINDOW.top - EVEN <= min(tops)
        assert max(bottoms) <= WINDOW.top + WINDOW.height + EVEN
        assert ENVELOPE - max(bottoms) >= FREE_BELOW - EVEN


@pytest.mark.parametrize(
    "profile",
    [
        example.profile("fr"),
        LONG,
        replace(LONG, name=COMPANY * 4, street=LONG.street * 4),
        replace(LONG, country="GB"),
        replace(LONG, name="W" * 300, street="M" * 200, number="N" * 40, box="B" * 40, town="Q" * 100),
        replace(LONG, first_name="Marie-Antoinette", name="de la Vallée-Poussin d'Oultremont de Wégimont"),
    ],
    ids=["short", "long", "longest", "abroad", "without spaces", "person"],
)
def test_every_line_is_in_the_window_and_the_manifest_says_what_is_printed(profile: Profile) -> None:
    letter = printed(profile)
    inside(letter)
    block = address.fit(address.written(profile, "en"), WINDOW)
    assert block.lines
    assert all(width(line) * block.size * 25.4 / 72 <= WINDOW.text_width for line in block.lines)


def test_a_long_name_is_broken_between_words_and_set_smaller_and_the_town_stays_whole() -> None:
    letter = printed(LONG)
    assert " ".join(letter.address).startswith(COMPANY)
    assert letter.address[-1] == "4800 OTTIGNIES-LOUVAIN-LA-NEUVE"
    short, long = (address.fit(address.written(profile, "en"), WINDOW) for profile in (example.profile("fr"), LONG))
    assert long.size < short.size == address.SIZES[0]


def test_what_has_no_room_in_the_smallest_type_is_cut_visibly_and_the_name_first() -> None:
    lines = printed(replace(LONG, name=COMPANY * 4)).address
    assert lines[-1] == "4800 OTTIGNIES-LOUVAIN-LA-NEUVE"
    assert sum(address.CUT in line for line in lines) == 1
    assert "27 bte 3" in lines


@settings(max_examples=100, deadline=None)
@given(
    name=st.text(alphabet="aW. 王م-", max_size=400), street=st.text(alphabet="mi 1", max_size=200),
    town=st.text(alphabet="bQ -", max_size=100), country=st.sampled_from(["BE", "FR", "GB", "JP", "CN", "US"]),
)  # fmt: skip
def test_no_line_leaves_the_window_however_long(name: str, street: str, town: str, country: str) -> None:
    profile = abroad(country, "12345", town + "X", street=street, first_name="Q", name=name)
    block = address.fit(address.written(profile, "en"), WINDOW)
    high = len(block.lines) * (address.CAPITAL + address.LEADING) * block.size * address.POINT_MM
    assert high <= WINDOW.text_height + address.LEADING * block.size * address.POINT_MM
    assert all(width(line) * block.size * address.POINT_MM <= WINDOW.text_width for line in block.lines)
    assert "12345" in "".join(block.lines)

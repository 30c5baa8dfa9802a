"""No letter is lost over a sign, whatever somebody is called."""

from dataclasses import replace
from importlib.resources import files
from io import BytesIO

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from backbone.errors import Reject
from notifier.letter import glyphs
from notifier.letter.typesetter import Letter, Printer, printer
from notifier.notice_content import Notice
from schemas.languages import LANGUAGES
from tests.builders import notices as example

WRITTEN = {
    "D\u0092Hondt": "D’Hondt",
    "\u0084Het Zonnetje\u0094": "„Het Zonnetje”",
    "Caf\u0081e\u0301": "Café",
    "Ωμέγα Кирилл Ștefănuț Nguyễn": "Ωμέγα Кирилл Ștefănuț Nguyễn",
    "محمد בן 王小明 さくら 김": "محمد בן 王小明 さくら 김",
    "Pizza 🍕 SRL": "Pizza 🍕 SRL",
    "🤷🏽‍♀️": "🤷",
    "𝒜𝓃𝓃𝒶": "Anna",
    "ᏣᎳᎩ": "TsaLaGi",
    "a\u202eb\u200ec": "abc",
    "\ue000 \U000e0fff \ufffe": "� � �",
    "An\0na": "Anna",
    "\u0301Anna": "Anna",
    "王\u0905\u0951": "王अ॑",
}


def named(name: str) -> Notice:
    notice = example.for_citizen("fr", example.income_guarantee())
    profile = replace(notice.profile, first_name="", name=name, street=f"Rue {name}", town=name)
    return replace(notice, profile=profile, names={example.EMPLOYER: name})


def words_of(letter: Letter) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(letter.pdf)).pages).split())


@pytest.mark.parametrize("name", WRITTEN, ids=ascii)
def test_a_sign_without_a_font_is_written_in_signs_that_mean_the_same_or_as_unknown(name: str) -> None:
    assert glyphs.writable(name) == WRITTEN[name]


@pytest.mark.parametrize("name", WRITTEN, ids=ascii)
def test_a_letter_is_printed_whatever_the_name(name: str) -> None:
    letter = printer().print_letter(named(name))
    assert letter.address[0] == WRITTEN[name]
    assert letter.pages


def test_the_name_of_an_employer_is_as_readable_as_that_of_a_person() -> None:
    text = words_of(printer().print_letter(named("D\u0092Hondt 王")))
    assert "Bonjour D’Hondt 王" in text
    assert "Employeur : D’Hondt 王" in text


@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(lambda name: bool("".join(name.split()))))
def test_any_name_at_all_gives_a_letter(name: str) -> None:
    assert printer().print_letter(named(name)).pdf.startswith(b"%PDF")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_plain_letters_need_one_font_only_and_no_mark_of_another(name: str) -> None:
    text = glyphs.plain(f"Jan {name}")
    assert text.startswith("Jan")
    assert all(sign in glyphs.JOINERS or glyphs.faces()[0].has(sign) for sign in text)


@pytest.mark.parametrize("language", [*LANGUAGES, "sender"])
def test_our_own_words_are_printed_as_they_are(language: str) -> None:
    ours = yaml.safe_load((files("notifier") / "texts" / f"{language}.yaml").read_text("utf-8"))
    assert len(ours) > 2
    for text in ours.values():
        assert glyphs.in_sentence(str(text)) == glyphs.plain(str(text)) == str(text)


def test_a_letter_that_cannot_be_set_is_set_in_plain_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        # A sign that is let through though no font has it.
        patched.setattr(glyphs, "in_sentence", lambda text: text + "\ue000" if "王" in text else text)
        text = words_of(Printer().print_letter(named("王")))
    assert "Wang" in text
    assert "王" not in text


def test_a_letter_that_cannot_be_set_at_all_says_so_and_not_what_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "in_sentence", lambda text: text + "\ue000")
    monkeypatch.setattr(glyphs, "plain", lambda text: text + "\ue000")
    with pytest.raises(Reject) as refused:
        Printer().print_letter(named("Janssens"))
    assert "cannot be typeset" in refused.value.reason
    assert "Janssens" not in str(refused.value)


def test_a_number_after_a_name_from_right_to_left_stays_after_it() -> None:
    assert glyphs.in_sentence("Employeur : بن علي (0897)") == "Employeur : بن علي\u200e (0897)"

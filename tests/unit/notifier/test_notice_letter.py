"""A letter shows the whole calculation, and nothing that is not in it."""

import re
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from notifier.letter.typesetter import WINDOWS, Letter, printer
from notifier.notice_content import Notice, NoticeStep
from notifier.render import words
from notifier.render.compose import annex, for_letter
from notifier.render.texts import texts
from schemas.languages import LANGUAGES, Language
from tests.builders import notices as example

MM = 72 / 25.4
A4_HEIGHT = 297 * MM
WINDOW = WINDOWS["be-right-c56"]
FRACTION = re.compile(r"\d[\d.,\u202f]*[.,]\d+")


def printed(notice: Notice) -> Letter:
    return printer().print_letter(notice)


def pages(letter: Letter) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(letter.pdf)).pages]


def known(notice: Notice) -> set[str]:
    """Every figure a letter may hold, as its language writes it."""
    said = texts(notice.language)
    found = set()
    for told in notice.findings:
        if told.states_amounts:
            found |= {
                words.money(cents, said) for cents in (told.amount, told.claimed, told.missing) if cents is not None
            }
        found |= {words.quantity(step.value, step.unit, said) for step in told.trace}
        found |= {step.source for step in told.trace}
    return {part for value in found for part in FRACTION.findall(value)}


def figures(notice: Notice, letter: Letter) -> set[str]:
    """Every figure with decimals that stands in a letter, numbers of persons and employers left out."""
    text = " ".join(pages(letter))
    for told in notice.findings:
        text = text.replace(words.person_number(told.person), "").replace(words.employer_number(told.employer), "")
    return set(FRACTION.findall(text))


NOTICES = [
    notice
    for language in LANGUAGES
    for notice in (
        example.for_citizen(language),
        example.for_citizen(language, example.senior_holiday()),
        example.for_employer(language, 9),
    )
]


@pytest.mark.parametrize("notice", NOTICES, ids=lambda n: f"{n.side} {n.language}")
def test_every_figure_in_a_letter_is_a_value_of_the_finding_or_its_trace(notice: Notice) -> None:
    shown = figures(notice, printed(notice))
    assert shown
    assert shown <= known(notice)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_of_the_trace_stands_in_the_letter(language: Language) -> None:
    notice = example.for_citizen(language, example.work_bonus("certain"))
    text = " ".join(" ".join(pages(printed(notice))).split())
    said = texts(language)
    for step in notice.findings[0].trace:
        if step.step != "certainty":
            assert " ".join(words.quantity(step.value, step.unit, said).split()) in text
    for cents in (129_193, 20_000, 109_193):
        assert " ".join(words.money(cents, said).split()) in text


OUTCOMES = {
    "nl": ("vervuld", "niet bekend", "niet vervuld"),
    "fr": ("remplie", "non connue", "non remplie"),
    "de": ("erfüllt", "unbekannt", "nicht erfüllt"),
    "en": ("held", "not known", "did not hold"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_condition_stands_in_the_letter_with_what_became_of_it(language: Language) -> None:
    held, unknown, failed = OUTCOMES[language]
    said = texts(language)
    sure = replace(example.income_guarantee(), certainty="likely")
    text = " ".join(" ".join(pages(printed(example.for_citizen(language, sure)))).split())
    until = words.quantity("2026-04-30", None, said)
    limit = " ".join(words.quantity("1280.00", "EUR", said).split())
    for shown in (f"{until} ({held})", f"({unknown})", f"{limit} ({failed})"):
        assert shown in text
    assert f"{' '.join(words.quantity('1300.00', 'EUR', said).split())} (" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_employer_reads_what_became_of_a_condition_of_each_worker(language: Language) -> None:
    notice = example.for_employer(language, 3)
    conditions = [NoticeStep("least age", f"{55 + place}", "years", "RD", "held") for place in range(3)]
    told = tuple(replace(one, trace=(step,)) for one, step in zip(notice.findings, conditions, strict=True))
    text = " ".join(" ".join(pages(printed(replace(notice, findings=told)))).split())
    assert text.count(f"({OUTCOMES[language][0]})") == len(conditions)


def test_an_amount_that_is_not_certain_or_likely_is_not_stated() -> None:
    sure, unsure = (example.for_citizen("nl", example.work_bonus(kind)) for kind in ("likely", "to_check"))
    assert "€" in " ".join(pages(printed(sure)))
    assert "€" not in " ".join(pages(printed(unsure)))


def test_a_withdrawal_names_no_amount_and_no_calculation() -> None:
    withdrawn = replace(example.work_bonus("certain"), tells="withdrawn")
    text = " ".join(pages(printed(example.for_citizen("en", withdrawn, sequence=2))))
    assert "no longer" in " ".join(text.split())
    assert "€" not in text


def test_sixty_workers_fill_as_many_pages_as_they_need_and_none_is_left_out() -> None:
    notice = example.for_employer("fr", 60)
    letter = printed(notice)
    found = pages(letter)
    text = " ".join(found)
    assert letter.pages == len(found) > 2
    for told in notice.findings:
        assert words.person_number(told.person) in text
    for number, page in enumerate(found, 1):
        assert f"Page {number} sur {len(found)}" in " ".join(page.split())


def test_the_header_of_a_table_is_repeated_on_every_page_it_runs_over() -> None:
    found = pages(printed(example.for_employer("nl", 60)))
    rows = re.compile(r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d")
    with_workers = [page for page in found if rows.search(page)]
    assert len(with_workers) > 2
    assert all("Werknemer" in page for page in with_workers)


def boxes(letter: Letter) -> list[tuple[float, float, str]]:
    """Where each piece of text on the first page begins, in mm from the left and from the top."""
    found: list[tuple[float, float, str]] = []

    def visit(text: str, machine: Any, matrix: Any, _font: Any, _size: Any) -> None:
        if text.strip():
            x = matrix[4] * machine[0] + matrix[5] * machine[2] + machine[4]
            y = matrix[4] * machine[1] + matrix[5] * machine[3] + machine[5]
            found.append((x / MM, (A4_HEIGHT - y) / MM, text.strip()))

    PdfReader(BytesIO(letter.pdf)).pages[0].extract_text(visitor_text=visit)
    return found


@pytest.mark.parametrize("notice", NOTICES, ids=lambda n: f"{n.side} {n.language}")
def test_only_the_address_shows_through_the_window(notice: Notice) -> None:
    letter = printed(notice)
    shown = [
        text
        for x, y, text in boxes(letter)
        if WINDOW.left - 5 <= x and WINDOW.top - 5 <= y <= WINDOW.top + WINDOW.height + 5
    ]
    assert shown
    assert set(" ".join(shown).split()) == set(" ".join(letter.address).split())


def test_a_very_long_name_stays_in_the_window() -> None:
    notice = example.for_citizen("fr")
    name = "de la Vallée-Poussin d'Oultremont de Wégimont et de Warfusée"
    letter = printed(replace(notice, profile=replace(notice.profile, first_name="Marie-Antoinette", name=name)))
    inside = [y for x, y, _ in boxes(letter) if x >= WINDOW.left and WINDOW.top <= y <= WINDOW.top + WINDOW.height]
    assert len(inside) >= 4
    text = " ".join(pages(letter)[0].split())
    assert "4800 VERVIERS" in text


def test_a_letter_claims_to_be_accessible_and_fit_for_the_archive() -> None:
    reader = PdfReader(BytesIO(printed(example.for_citizen("de")).pdf))
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "de"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    metadata = root["/Metadata"].get_data().decode()
    assert re.search(r"pdfuaid:part(>|=\")1", metadata)
    assert re.search(r"pdfaid:part(>|=\")2", metadata)
    assert re.search(r"pdfaid:conformance(>|=\")A", metadata)


def test_every_font_is_in_the_letter_itself() -> None:
    found = PdfReader(BytesIO(printed(example.for_employer("nl")).pdf)).pages
    assert len(found) > 1
    for page in found:
        fonts: Any = page["/Resources"]["/Font"]  # type: ignore[index]  # pypdf types every object alike
        assert fonts
        for font in fonts.values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_the_same_notice_gives_the_same_letter() -> None:
    assert printed(example.for_citizen("nl")) == printed(example.for_citizen("nl"))


def test_data_is_set_as_text_and_never_run() -> None:
    notice = example.for_citizen("nl")
    named = replace(notice, profile=replace(notice.profile, name="#panic(1) $x$ *b*"))
    assert "#panic(1) $x$ *b*" in " ".join(pages(printed(named))[0].split())


def test_only_what_was_stated_for_every_worker_is_said_to_hold_for_everyone() -> None:
    alike = example.for_employer("en", 0, example.reduction(0), example.reduction(0, "likely"))
    unsure = example.for_employer("en", 0, example.reduction(0), example.reduction(0, "to_check"))
    amounts = [" ".join(pages(printed(notice))).count("€625.62") for notice in (alike, unsure)]
    assert amounts == [1, 1]
    rows = [page for page in pages(printed(unsure)) if "R €625.62" in " ".join(page.split())]
    assert rows, "it stands beside the worker it was found for"
    assert "R €625.62" not in " ".join(" ".join(pages(printed(alike))).split())


def test_what_is_reckoned_by_month_stands_in_a_column_for_each_month() -> None:
    lines = pages(printed(example.for_citizen("nl", example.work_bonus())))[-1].splitlines()
    header = next(line for line in lines if "juli 2026" in line)
    assert header.index("juli 2026") < header.index("september 2026")
    row = next(line for line in lines if "0,3196" in line)
    assert "Coëfficiënt van deel A" in row
    assert row.index("0,3196") < row.index("0,2739")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_right_that_belongs_to_no_employer_names_none_and_leaves_no_gap(language: Language) -> None:
    said = texts(language)
    right = example.senior_holiday()
    notice = example.for_citizen(language, right)
    withdrawn = example.for_citizen(language, replace(right, tells="withdrawn"))
    for one in (notice, withdrawn):
        blocks = [*for_letter(one, said).blocks, *annex(one, said)]
        assert not [block for block in blocks if "text" in block and not block["text"]]
    text = " ".join(pages(printed(notice)))
    assert said.say("rules.senior_holiday.title") in text
    assert said.get("letter.at").partition(" ")[0] not in text

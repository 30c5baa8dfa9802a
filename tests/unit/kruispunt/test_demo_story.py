"""The story of the demo: what is shown of a finding, of the copies, and of a letter."""

from kruispunt.commands.stack.demo import _count, _why
from kruispunt.commands.stack.demo_evidence import InstitutionShare, Story, _given, contrast, permitted, whole
from notifier.letter.typesetter import printer
from tests.builders import notices as example

PNG = b"\x89PNG\r\n\x1a\n"


def story(*steps: tuple[str, str, str | None]) -> Story:
    trace = [{"step": step, "value": value, "unit": unit, "source": "law"} for step, value, unit in steps]
    return Story("f", "n", "citizen", "r", "Anna", "nl", "e-mail", "work_bonus", "likely", 100, trace)


def test_why_is_what_was_earned_what_the_rule_gives_and_what_was_claimed() -> None:
    shown = _why(
        story(
            ("worker code", "015", None), ("W", "8404.08", "EUR"), ("J", "57", "days"), ("R", "32.20", "EUR"),
            ("bonus of the quarter", "96.06", "EUR"), ("claimed", "0.00", "EUR"), ("certainty", "likely", None),
        )
    )  # fmt: skip
    assert [step["step"] for step in shown] == ["W", "bonus of the quarter", "claimed"]


def test_why_is_the_first_conditions_where_there_is_no_amount() -> None:
    shown = _why(story(("a", "1", None), ("b", "2", None), ("c", "3", None), ("d", "4", None)))
    assert [step["step"] for step in shown] == ["a", "b", "c"]


def test_the_copies_shown_are_the_widest_and_the_narrowest_of_one_kind() -> None:
    wide = InstitutionShare("fpd", {"declarations.working-time": 45, "declarations.wages": 11})
    middle, narrow = (
        InstitutionShare("rva", {"declarations.working-time": 16}),
        InstitutionShare("famifed", {"declarations.working-time": 2}),
    )
    elsewhere = InstitutionShare("fin", {"declarations.working-time": 1})
    assert contrast([middle, narrow, wide, elsewhere]) == ("declarations.working-time", wide, narrow)
    assert contrast([wide, elsewhere]) is None


def test_what_was_left_empty_is_not_shown_and_lists_come_last() -> None:
    assert list(_given({"lines": [{"end": None, "start": "2026-07-01"}], "code": "015"}).items()) == [
        ("code", "015"),
        ("lines", [{"start": "2026-07-01"}]),
    ]


def test_only_what_a_deliberation_gives_is_counted_as_a_field() -> None:
    lines = {"name": "lines", "type": {"type": "array", "items": {"type": "record", "fields": [{"type": "int"}]}}}
    assert permitted({"type": "record", "fields": [{"name": "event", "type": "string"}, lines]}) == 1
    assert whole("declarations.wages") > 10


def test_one_is_singular() -> None:
    assert [_count(number, "citizen") for number in (0, 1, 1200)] == ["0 citizens", "1 citizen", "1,200 citizens"]


def test_a_letter_has_a_picture_of_its_first_page() -> None:
    picture = printer().picture(example.for_citizen("nl"))
    assert picture.startswith(PNG)
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert 1.40 < height / width < 1.43

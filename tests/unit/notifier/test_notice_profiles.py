"""What a file says of where people can be told."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from backbone.errors import Reject
from backbone.jsonlines import LONGEST, SHOWN, Faults, Refused
from notifier.profile_lines import is_email
from notifier.profiles import row, rows
from tests.builders.persons import ADDRESS, profile_line

PERSON = profile_line("85073003328")
EMPLOYER = {
    "employer": "0403019261",
    "name": "Bakkerij BV",
    "address": ADDRESS,
    "language": "fr",
    "email": "a@b.example",
}


def test_a_person_has_a_first_name_and_an_employer_has_none() -> None:
    assert row(PERSON)[:4] == ("85073003328", "citizen", "Anna", "Peeters")
    assert row(EMPLOYER)[:4] == ("0403019261", "employer", "", "Bakkerij BV")


def test_the_e_mail_of_the_file_is_the_one_officially_activated() -> None:
    assert row(PERSON)[-2:] == (None, False)
    assert row(EMPLOYER)[-2:] == ("a@b.example", True)


def with_address(**changes: Any) -> dict[str, Any]:
    return {"address": ADDRESS | changes}


def refused(tmp_path: Path, *lines: dict[str, Any] | bytes) -> Refused:
    path = tmp_path / "persons.jsonl"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in lines))
    faults = Faults(path.name)
    list(rows(path, faults))
    with pytest.raises(Refused) as error:
        faults.refuse("profile")
    assert "Peeters" not in str(error.value)
    assert "85073003328" not in str(error.value)
    assert "Kerkstraat" not in str(error.value)
    return error.value


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"language": "es"}, "language must be one of 'nl', 'fr', 'de' or 'en'"),
        ({"language": None}, "language is null"),
        ({"email": "no address"}, "email must be one e-mail address"),
        ({"email": "anna@[mail.example"}, "email must be one e-mail address"),
        ({"email": 5}, "email must be a text"),
        ({"name": "Anna"}, "name must be an object"),
        ({"name": {"first": ["Anna"], "last": "Peeters"}}, "name.first must be a text"),
        ({"name": {"first": "Anna", "last": None}}, "name.last is null"),
        ({"name": {"first": "Anna"}}, "name.last is missing"),
        ({"name": {"first": "Anna", "last": " "}}, "name.last is empty"),
        ({"name": {"first": "An\0na", "last": "Peeters"}}, "name.first has a control character"),
        ({"name": {"first": "An\nna", "last": "Peeters"}}, "name.first has a control character"),
        ({"name": {"first": "An\u2028na", "last": "Peeters"}}, "name.first has a control character"),
        ({"name": {"first": "An\x81na", "last": "Peeters"}}, "name.first has a control character"),
        ({"name": {"first": "Anna", "last": "P" * 401}}, "name.last is longer than 400 signs"),
        ({"name": {"frist": "Anna", "last": "Peeters"}}, "name has a key that is not known"),
        ({"Peeters": 1}, "the line has a key that is not known"),
        ({"address": None}, "address is null"),
        (with_address(street={}), "address.street must be a text"),
        (with_address(postcode=None), "address.postcode is null"),
        (with_address(postcode=9000), "address.postcode must be a text"),
        (with_address(town="Ge\x7fnt"), "address.town has a control character"),
        (with_address(country="Belgium"), "address.country must be the code of a country"),
        (with_address(country="ZZ"), "address.country must be the code of a country"),
        ({"person": "x"}, "person must be a national number"),
        ({"person": None}, "person is null"),
        ({"person": 85073003328}, "person must be a text"),
        ({"person": "85073003329"}, "person must be a national number"),
        ({"person": "".join(chr(0x660 + int(digit)) for digit in "85073003328")}, "person must be a national number"),
        ({"employer": "0403019261"}, "the line has a key that is not known"),
    ],
    ids=str,
)  # fmt: skip
def test_a_line_that_is_no_profile_is_refused_by_its_number_and_key_and_without_what_it_says(
    tmp_path: Path, change: dict[str, Any], key: str
) -> None:
    found = refused(tmp_path, PERSON, PERSON | change)
    assert found.place == "2"
    assert f"Line 2: {key}" in found.reason
    assert found.faults == 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"[]", "must be an object"), (b"null", "must be an object"), (b"5", "must be an object"),
        (b"{}", "person or employer"), (b"{", "not JSON"), (b"\x1f\x8b\x08", "not UTF-8"), (b"\0\0", "not JSON"),
        (b'{"a": "\xe9"}', "not UTF-8"), (b'{"a": "\\ud800"}', "not JSON"), (b"[" * 100_000, "not JSON"),
        (b"x" * (LONGEST + 5), "longer than 1,048,576 bytes"), (b'{"person": NaN}', "not JSON"),
    ],
    ids=lambda one: ascii(one)[:20],
)  # fmt: skip
def test_a_line_that_is_no_object_of_json_is_told_as_what_it_is(tmp_path: Path, text: bytes, what: str) -> None:
    found = refused(tmp_path, text, PERSON, text)
    assert found.faults == 2
    assert all(f"Line {number}: " in found.reason for number in (1, 3))
    assert what in found.reason


def test_all_faults_are_counted_and_the_first_are_told(tmp_path: Path) -> None:
    found = refused(tmp_path, *[PERSON | {"language": "es"}] * 1_234)
    assert found.faults == 1_234
    assert found.reason.count("\n") == SHOWN + 1
    assert "1,234 lines are wrong" in found.reason
    assert found.reason.endswith("and 1,184 more")


def test_there_are_people_with_one_name_and_houses_without_a_number() -> None:
    for name in ({"last": "Suharto"}, {"first": None, "last": "Suharto"}, {"first": "", "last": "Suharto"}):
        assert row(PERSON | {"name": name})[2:4] == ("", "Suharto")
    assert row(PERSON | with_address(number=None, box=None))[5:7] == ("", "")
    assert row({key: value for key, value in PERSON.items() if key != "email"})[-2:] == (None, False)


def test_a_sign_of_windows_is_read_as_what_it_was_meant_to_be() -> None:
    assert row(PERSON | {"name": {"first": "Carl", "last": "D\u0092Hondt"}})[3] == "D’Hondt"


def test_blank_lines_and_a_mark_at_the_start_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "persons.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + orjson.dumps(PERSON) + b"\r\n\r\n\n" + orjson.dumps(EMPLOYER))
    faults = Faults(path.name)
    assert [number for number, _ in rows(path, faults)] == [1, 4]
    assert not faults


@pytest.mark.parametrize("path", ["missing", "."])
def test_what_is_no_file_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(Reject):
        list(rows(tmp_path / path, Faults(path)))


@pytest.mark.parametrize(
    "address",
    [
        "anna@mail.example", "żółć@mail.example", "a.b+c@x.y.example", "anna@bücher.example", "o'neill@mail.example",
        "Anna.Van-den_Bossche@Mail.Example", "a" * 64 + "@mail.example", "anna@xn--bcher-kva.example",
    ],
)  # fmt: skip
def test_an_e_mail_address_is_known_by_its_shape(address: str) -> None:
    assert is_email(address)


@pytest.mark.parametrize(
    "address",
    [
        "", "@", "a@", "@b", "a b@c", "a@b\nBcc: c@d", "<a@b>", "a@b,c@d", "anna@[mail.example", "anna@[1.2.3.4]",
        "a..b@mail.example", ".a@mail.example", "a.@mail.example", "a@-mail.example", "a@mail..example",
        "a" * 65 + "@b.example",
        "a@mail.example\n", "a@mail.example\0", '"a b"@mail.example', "Anna <a@mail.example>", "a@b@mail.example",
        "a\u202e@mail.example",
    ],
)  # fmt: skip
def test_what_cannot_be_an_e_mail_address_is_none(address: str) -> None:
    assert not is_email(address)

"""What a file says of where people can be told."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from backbone.errors import Reject
from notifier.profiles import is_email, row, rows

ADDRESS = {"street": "Kerkstraat", "number": "1", "box": "", "postcode": "9000", "town": "Gent", "country": "BE"}
PERSON: dict[str, Any] = {
    "person": "85073003328",
    "name": {"first": "Anna", "last": "Peeters"},
    "address": ADDRESS,
    "language": "nl",
    "email": None,
}
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


@pytest.mark.parametrize(
    "change",
    [
        {"language": "es"},
        {"email": "no address"},
        {"name": "Anna"},
        {"address": None},
        {"person": "x"},
        {"person": None},
    ],
)
def test_a_line_that_is_no_profile_is_refused_by_its_number_and_without_what_it_says(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    path = tmp_path / "persons.jsonl"
    path.write_bytes(orjson.dumps(PERSON) + b"\n" + orjson.dumps(PERSON | change) + b"\n")
    with pytest.raises(Reject) as refused:
        list(rows(path))
    assert refused.value.place == "2"
    assert "Peeters" not in str(refused.value)
    assert "85073003328" not in str(refused.value)


@pytest.mark.parametrize("address", ["anna@mail.example", "żółć@mail.example", "a.b+c@x.y.example"])
def test_an_e_mail_address_is_known_by_its_shape(address: str) -> None:
    assert is_email(address)


@pytest.mark.parametrize("address", ["", "@", "a@", "@b", "a b@c", "a@b\nBcc: c@d", "<a@b>", "a@b,c@d"])
def test_what_cannot_be_an_e_mail_address_is_none(address: str) -> None:
    assert not is_email(address)

"""A header field stays one field, and an address one address, whatever a name holds."""

import email
import unicodedata
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8, default
from email.utils import getaddresses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.mail.address import MailAddress, read
from notifier.mail.headers import address_field, one_line, text_field

FIRM = "Atelier Quatre Vents, Menuiserie, boss@other.example, Travaux et Renovations, Ltd"
ATOM = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~-éżłß日本", min_size=1)
LOCAL = st.lists(ATOM, min_size=1, max_size=3).map(".".join).filter(lambda local: len(local.encode()) <= 64)
LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
DOMAIN = st.lists(LABEL, min_size=1, max_size=8).map(".".join)
ADDRESSES = st.builds("{}@{}".format, LOCAL, DOMAIN).filter(lambda text: len(text.encode()) <= 254)
NAMES = st.one_of(
    st.text(),
    st.text(st.sampled_from('ab ,;:@()<>[]".\\=?_\r\n\t\x00\x92é日\u2028\u202e'), max_size=300),
    st.lists(
        st.sampled_from(["Quatre", "Vents,", "boss@other.example,", '"', "\\", "=?utf-8?q?x?=", "(", "Évrard"])
    ).map(" ".join),
)


def parsed(field: str) -> EmailMessage:
    text = field.encode().decode("utf-8")
    policy = default if text.isascii() else SMTPUTF8
    message = email.message_from_string(text + "\r\nbody", policy=policy)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    assert message.get_payload() == "body"
    return message


def one_address(field: str) -> Address:
    (name,) = parsed(field).keys()
    addresses = parsed(field)[name].addresses
    assert len(addresses) == 1
    found = addresses[0]
    assert isinstance(found, Address)
    return found


def unspaced(text: str) -> str:
    """Python reads a space where two encoded words meet in a name; RFC 2047 6.2 says that there is none."""
    return "".join(text.split())


@given(NAMES, ADDRESSES, st.sampled_from(["To", "From"]))
@example(FIRM, "firm@mail.example", "To")
@example(f"{FIRM} é", "firm@mail.example", "To")
@example('a" <boss@other.example>, "b', "firm@mail.example", "To")
@example("a\r\nBcc: boss@other.example", "firm@mail.example", "To")
@example("=?utf-8?q?boss=40other=2Eexample=2C?=", "firm@mail.example", "To")
@example("a" * 1000, "a@b", "From")
def test_an_address_field_holds_exactly_the_given_address(name: str, text: str, field: str) -> None:
    address = read(text)
    written = address_field(field, name, address)
    found = one_address(written)
    assert (found.username, found.domain) == address
    assert unspaced(found.display_name) == unspaced(one_line(name))
    value = written.removeprefix(f"{field}: ").replace("\r\n", "")
    assert [pair[1] for pair in getaddresses([value])] == [str(address)], "as the older parser reads it"
    assert all(len(line) <= 78 for line in written.split("\r\n") if "<" not in line)
    assert all(len(line) <= 998 for line in written.encode().split(b"\r\n"))


@given(NAMES)
@example("a\r\nBcc: boss@other.example")
@example("a" * 1000)
def test_a_subject_is_read_as_it_was_meant(text: str) -> None:
    written = text_field("Subject", text)
    message = parsed(written)
    assert message.keys() == ["Subject"]
    assert one_line(message["Subject"]) == one_line(text)
    assert all(len(line) <= 78 for line in written.split("\r\n"))


@given(st.text())
def test_what_is_shown_on_one_line_holds_nothing_that_ends_it_or_disguises_it(text: str) -> None:
    shown = one_line(text)
    assert shown == one_line(shown)
    assert not {unicodedata.category(sign) for sign in shown} & {"Cc", "Zl", "Zp", "Cs"}
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Anna Peeters", 'To: "Anna Peeters" <anna@mail.example>\r\n'),
        ("", "To: <anna@mail.example>\r\n"),
        ("\r\n", "To: <anna@mail.example>\r\n"),
        ("Peeters, Anna", 'To: "Peeters, Anna" <anna@mail.example>\r\n'),
        ('Anna "A" \\ P', 'To: "Anna \\"A\\" \\\\ P" <anna@mail.example>\r\n'),
        (FIRM, f'To: "{FIRM}" <anna@mail.example>\r\n'.replace(" Renovations", "\r\n Renovations")),
        ("Zoë", "To: =?utf-8?q?Zo=C3=AB?=\r\n <anna@mail.example>\r\n"),
    ],
)
def test_a_plain_name_stays_readable(name: str, written: str) -> None:
    assert address_field("To", name, MailAddress("anna", "mail.example")) == written

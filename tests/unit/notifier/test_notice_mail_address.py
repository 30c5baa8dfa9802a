"""E-mail addresses as SMTP takes them."""

import pytest

from backbone.errors import Reject
from notifier.mail.address import read


@pytest.mark.parametrize(
    ("text", "path", "needs_smtputf8"),
    [
        ("anna@mail.example", "anna@mail.example", False),
        ("Anna.O'Hara+x_1@Mail.example", "Anna.O'Hara+x_1@Mail.example", False),
        ("jan@bücher.example", "jan@xn--bcher-kva.example", False),
        ("jan@BÜCHER.example", "jan@xn--bcher-kva.example", False),
        ("jan@straße.example", "jan@xn--strae-oqa.example", False),
        ("jan@日本。example", "jan@xn--wgv71a.example", False),
        ("jan@xn--bcher-kva.example", "jan@xn--bcher-kva.example", False),
        ("jan@r3---x.example", "jan@r3---x.example", False),
        ("jörg@mail.example", "jörg@mail.example", True),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example", True),
        (f"{'a' * 64}@mail.example", f"{'a' * 64}@mail.example", False),
    ],
)
def test_the_domain_is_written_in_ascii_and_the_local_part_as_it_is(
    text: str, path: str, *, needs_smtputf8: bool
) -> None:
    address = read(text)
    assert str(address) == path
    assert address.needs_smtputf8 is needs_smtputf8


@pytest.mark.parametrize(
    "text",
    [
        "", "@", "a@", "@b", "a", "a b@c", "a@b c", "a@b\nBcc: c@d", "a\r\n@b", "a\x00@b", "a@b\x00", "<a@b>",
        "a@b,c@d", "a@b@c", '"a b"@c', "a(x)@b", "anna@[mail.example", "anna@[127.0.0.1]", "anna@mail..example", ".a@b",
        "a.@b", "a..b@c", "a@-b", "a@b-", "a@b.", "a@b_c", f"{'a' * 65}@b", f"{'é' * 33}@b", f"a@{'b' * 64}",
        f"a@{'b.' * 130}c", "a\u0092@b", "a\u2028@b", "a\u202e@b", "a\u00a0@b", "a\ud800@b", "a@\ud800",
        "a@ü\u202e", "a@\u00a0",
    ],
)  # fmt: skip
def test_what_no_server_takes_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(Reject) as refused:
        read(text)
    assert refused.value.code == "e-mail-address"
    assert str(refused.value) == "The e-mail address cannot be written."
    assert refused.value.__cause__ is None

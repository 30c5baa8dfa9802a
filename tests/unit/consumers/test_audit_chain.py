"""A link depends on everything before it."""

from consumers.audit.hash_chain import BEGINNING, Link, chained


def test_a_link_changes_with_its_body_its_place_its_contract_and_what_came_before() -> None:
    start = Link(0, BEGINNING)
    one = chained(start, 0, 7, b"body")
    assert one.number == 1
    others = [
        chained(start, 0, 7, b"bodx"),
        chained(start, 1, 7, b"body"),
        chained(start, 0, 8, b"body"),
        chained(Link(1, BEGINNING), 0, 7, b"body"),
        chained(Link(0, b"x" * 32), 0, 7, b"body"),
    ]
    assert len({one.hash, *(other.hash for other in others)}) == 6
    assert chained(start, 0, 7, b"body") == one

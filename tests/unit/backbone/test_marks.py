"""A database is the one that published last only if it has the mark that Kafka has, or the one right after it."""

from confluent_kafka import Message

from backbone.marks import StoredMark, agree, differing
from backbone.progress import BEGINNING, START, UNMARKED, Mark, OutboxPosition, Progress, positions, published, record
from schemas.codec import encode
from schemas.contracts import contracts
from schemas.topics import POSITIONS

AT = Progress(900, 12)


def kept(number: int, token: str, before: str) -> StoredMark:
    return StoredMark(Mark(number, token), before, BEGINNING, {})


def read(*records: tuple[bytes, bytes]) -> dict[str, OutboxPosition]:
    return positions([Message(key=key, value=value) for key, value in records])


def test_whoever_was_killed_between_the_two_has_one_mark_more_and_agrees() -> None:
    assert agree(kept(7, "g", "f"), OutboxPosition(AT, Mark(7, "g")))
    assert agree(kept(7, "g", "f"), OutboxPosition(AT, Mark(6, "f")))


def test_an_earlier_database_does_not_agree_whatever_numbers_its_rows_have_since() -> None:
    assert not agree(kept(5, "e", "d"), OutboxPosition(Progress(1, 1), Mark(7, "g")))
    assert not agree(None, OutboxPosition(AT, Mark(7, "g")))


def test_another_database_with_the_same_number_does_not_agree() -> None:
    assert not agree(kept(7, "h", "f"), OutboxPosition(AT, Mark(7, "g")))
    assert not agree(kept(7, "g", "x"), OutboxPosition(AT, Mark(6, "f")))


def test_kafka_that_lost_publications_does_not_agree() -> None:
    assert not agree(kept(9, "i", "h"), OutboxPosition(AT, Mark(7, "g")))


def test_what_was_published_before_there_were_marks_agrees_with_a_database_that_has_none() -> None:
    (first, *_) = (one for one in contracts() if one.name == POSITIONS)
    old = b"register", encode(first, {"source": "register", "tx": 900, "id": 12})
    assert read(old) == {"register": OutboxPosition(AT, UNMARKED)}
    assert agree(None, read(old)["register"])
    assert agree(None, START)


def test_the_last_position_of_each_source_counts() -> None:
    found = read(
        record("rules", Progress(1, 1), Mark(1, "a")),
        record("register", AT, Mark(7, "g")),
        record("rules", Progress(2, 1), Mark(2, "b")),
    )
    assert found == {
        "rules": OutboxPosition(Progress(2, 1), Mark(2, "b")),
        "register": OutboxPosition(AT, Mark(7, "g")),
    }
    here = {"rules": kept(2, "b", "a"), "register": kept(6, "f", "e")}
    assert differing(here, found, ("register", "rules", "audit")) == ["register"]
    assert published([]) == {}

"""A change of a dossier is taken in whole, or refused with everything that is wrong with it; batches change nothing."""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.deliberations import load
from consumers.directory import Dossier
from consumers.directory.change_batch import (
    LONGEST_ID,
    UnreadableRecords,
    judge,
)
from consumers.directory.change_decision import DossierChange, DossierKey, IntegratedPeriod, OpenDossiers, StoredDossier
from consumers.directory.return_codes import ReturnCode, code, reason
from consumers.narrowing.access import NOT_THAT_QUALITY, Access, Standings
from consumers.narrowing.event_codec import shape
from consumers.narrowing.projection import projections
from schemas.codec import encode_body
from schemas.contracts import contract
from schemas.identifiers import inss
from schemas.samples import sample
from tests.builders.dossiers import NOW, MemoryDossiers

PERSON, OTHER = inss(700101001, after_2000=False), inss(700101002, after_2000=False)
KEY = DossierKey(PERSON, "rva", "18/1")
JANUARY, JUNE, JULY, DECEMBER = date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 12, 31)
UNREADABLE = UnreadableRecords("rva", 7, 8, "not a change")


def change(action: str = "integrate", **other: Any) -> DossierChange:
    return DossierChange("1", action, KEY, JANUARY, None, 1 if action == "integrate" else 2)._replace(**other)


def shelf(*kept: StoredDossier, key: DossierKey = KEY) -> OpenDossiers:
    return OpenDossiers({key: kept})


def codes(one: DossierChange, *kept: StoredDossier) -> set[str]:
    return {fault.code for fault in shelf(*kept).take_in(one, NOW).faults}


def test_a_person_who_is_taken_on_file_has_a_first_version_and_is_an_integration() -> None:
    files = shelf()
    assert files.take_in(change(until=JUNE), NOW) == ((), 1)
    assert files.touched == [(KEY, StoredDossier(JANUARY, JUNE, 1, fresh=True))]
    assert files.integrations == [IntegratedPeriod(KEY, JANUARY, JUNE)]


@pytest.mark.parametrize(
    ("before", "after", "grows"),
    [(JUNE, DECEMBER, True), (JUNE, None, True), (DECEMBER, JUNE, False), (None, JUNE, False), (JUNE, JUNE, False)],
)
def test_a_dossier_that_lasts_longer_is_an_integration_and_a_shorter_one_is_none(
    before: date | None, after: date | None, grows: bool
) -> None:
    files = shelf(StoredDossier(JANUARY, before, 1))
    assert files.take_in(change("change", until=after), NOW) == ((), 2)
    assert files.touched == [(KEY, StoredDossier(JANUARY, after, 2))]
    assert files.integrations == ([IntegratedPeriod(KEY, JANUARY, after)] if grows else [])


def test_an_ended_dossier_keeps_its_period_and_makes_room_for_another() -> None:
    files = shelf(StoredDossier(JANUARY, None, 3))
    assert files.take_in(change("end", version=4), NOW) == ((), 4)
    assert files.touched == [(KEY, StoredDossier(JANUARY, None, 4, ended=NOW))]
    assert files.take_in(change(), NOW) == ((), 1)
    assert [held.ended for _, held in files.touched] == [NOW, None]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"key": KEY._replace(person="85010100199")}, ReturnCode.WRONG_NUMBER),
        ({"key": KEY._replace(person="")}, ReturnCode.WRONG_NUMBER),
        ({"key": KEY._replace(person="7001\x000100101")}, ReturnCode.WRONG_NUMBER),
        ({"key": KEY._replace(quality="18/77")}, ReturnCode.UNKNOWN_QUALITY),
        ({"key": KEY._replace(quality="18/1\x00")}, ReturnCode.UNKNOWN_QUALITY),
        ({"key": KEY._replace(quality="10/10")}, ReturnCode.NOT_YOUR_QUALITY),
        ({"key": KEY._replace(quality="10/902")}, ReturnCode.NOT_YOUR_QUALITY),
        ({"since": JULY, "until": JUNE}, ReturnCode.PERIOD_REVERSED),
        ({"version": 2}, ReturnCode.VERSION_CONFLICT),
        ({"version": 0}, ReturnCode.VERSION_CONFLICT),
        ({"version": -(2**31)}, ReturnCode.VERSION_CONFLICT),
    ],
)
def test_an_integration_that_is_wrong_is_refused_with_its_code(wrong: dict[str, Any], code: ReturnCode) -> None:
    files = shelf()
    assert [fault.code for fault in files.take_in(change()._replace(**wrong), NOW).faults] == [code]
    assert (files.touched, files.integrations) == ([], [])


@pytest.mark.parametrize("version", [1, 2, 4, 2**31 - 1])
@pytest.mark.parametrize("action", ["change", "end"])
def test_a_version_that_is_stale_or_ahead_is_refused_and_told_what_is_expected(action: str, version: int) -> None:
    files = shelf(StoredDossier(JANUARY, None, 2))
    verdict = files.take_in(change(action, version=version), NOW)
    assert [fault.code for fault in verdict.faults] == [ReturnCode.VERSION_CONFLICT]
    assert "expected 3" in reason(verdict.faults)
    assert (verdict.version, files.touched) == (2, [])


@pytest.mark.parametrize("action", ["change", "end"])
@pytest.mark.parametrize("kept", [[], [StoredDossier(JULY, None, 1)]])
def test_a_dossier_that_is_not_there_cannot_be_changed_or_ended(action: str, kept: list[StoredDossier]) -> None:
    assert codes(change(action), *kept) == {ReturnCode.NOT_INTEGRATED}


@pytest.mark.parametrize(
    ("since", "until", "conflict"),
    [
        (JANUARY, None, True), (JANUARY, JULY, True), (JULY, JULY, True), (date(2026, 9, 1), date(2026, 10, 1), True),
        (DECEMBER, None, True), (date(2027, 1, 1), None, False), (JANUARY, JUNE, False),
    ],
)  # fmt: skip
def test_two_dossiers_of_one_quality_never_share_a_day(since: date, until: date | None, conflict: bool) -> None:
    expected = {ReturnCode.PERIOD_CONFLICT} if conflict else set()
    assert codes(change(since=since, until=until), StoredDossier(JULY, DECEMBER, 1)) == expected
    if since != JULY:
        kept = StoredDossier(JULY, DECEMBER, 1), StoredDossier(since, since, 1)
        if since != DECEMBER:
            assert codes(change("change", since=since, until=until), *kept) == expected


def test_another_quality_institution_or_person_is_another_dossier() -> None:
    files = shelf(StoredDossier(JANUARY, None, 1))
    for key in (KEY._replace(quality="18/4"), KEY._replace(person=OTHER), DossierKey(PERSON, "rjv", "10/10")):
        assert files.take_in(change(key=key), NOW) == ((), 1)


def test_everything_that_is_wrong_is_told_at_once_and_nothing_that_was_given_is_repeated() -> None:
    bad = change(key=DossierKey("85010100199", "rva", "85010100188"), since=JULY, until=JUNE, id="x" * 500)
    [answer] = judge([bad], OpenDossiers({}), {}, NOW).answers
    assert answer.code == ReturnCode.WRONG_FIELD
    for one in (
        ReturnCode.WRONG_FIELD,
        ReturnCode.WRONG_NUMBER,
        ReturnCode.UNKNOWN_QUALITY,
        ReturnCode.PERIOD_REVERSED,
    ):
        assert one in answer.reason
    assert "85010100" not in answer.reason
    assert codes(change(version=5), StoredDossier(JANUARY, None, 1)) == {
        ReturnCode.VERSION_CONFLICT,
        ReturnCode.PERIOD_CONFLICT,
    }


def test_of_several_faults_the_first_of_the_table_is_the_code() -> None:
    found = shelf(StoredDossier(JANUARY, None, 1)).take_in(change(version=5), NOW).faults
    assert code(found) == ReturnCode.VERSION_CONFLICT
    assert code(()) == ReturnCode.TAKEN_IN


def test_a_provisional_file_reserves_a_place_and_gives_no_right() -> None:
    key = KEY._replace(quality="18/902")
    files = shelf(key=key)
    assert files.take_in(change(key=key), NOW) == ((), 1)
    assert files.integrations == []
    assert files.take_in(change(), NOW) == ((), 1)
    kind = "declarations.working-time"
    opened = shape(contract(kind)).open(encode_body(contract(kind), sample(kind) | {"person": PERSON}))
    standings = Standings({PERSON: [Dossier("rva", "18/902", date(2000, 1, 1), None)]})
    granted, refused, _ = Access(projections(load())).judge(kind, standings.of(opened), None)
    assert [one for one in granted if one.recipient == "rva"] == []
    assert ("rva", NOT_THAT_QUALITY) in refused


def test_the_same_change_again_is_answered_as_the_first_time_and_changes_nothing() -> None:
    first = judge([change()], shelf(), {}, NOW)
    later = datetime(2027, 1, 1, tzinfo=UTC)
    files = shelf(StoredDossier(JANUARY, None, 1))
    again = judge([change()], files, first.given, later)
    assert again.answers == first.answers
    assert (again.given, files.touched, files.integrations) == ({}, [], [])
    refused = judge([change(version=9), change(version=9)], shelf(), {}, NOW).answers
    assert refused[0] == refused[1]
    assert not refused[0].accepted


def test_the_same_id_with_other_content_is_refused_and_told_what_is_kept() -> None:
    files = shelf()
    answers = judge([change(), change(until=JUNE)], files, {}, NOW).answers
    assert [(one.code, one.version) for one in answers] == [(ReturnCode.TAKEN_IN, 1), (ReturnCode.OTHER_CONTENT, 1)]
    assert [held.until for _, held in files.touched] == [None]


def test_the_id_of_one_institution_is_not_that_of_another() -> None:
    other = change(key=DossierKey(PERSON, "rjv", "10/10"))
    assert [one.code for one in judge([change(), other], shelf(), {}, NOW).answers] == [ReturnCode.TAKEN_IN] * 2


@pytest.mark.parametrize("given_id", ["", "a\0b", "x" * (LONGEST_ID + 1)])
def test_an_id_that_cannot_be_kept_is_refused(given_id: str) -> None:
    files = shelf()
    judged = judge([change(id=given_id)], files, {}, NOW)
    [answer] = judged.answers
    assert (answer.code, answer.change) == (ReturnCode.WRONG_FIELD, given_id[:LONGEST_ID])
    assert (judged.given, files.touched) == ({}, [])


def test_what_cannot_be_read_is_answered_without_an_id_and_holds_nobody_up() -> None:
    answers = judge([UNREADABLE, change()], shelf(), {}, NOW).answers
    assert [(one.institution, one.change, one.code) for one in answers] == [
        ("rva", "", ReturnCode.UNREADABLE),
        ("rva", "1", ReturnCode.TAKEN_IN),
    ]


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (UNREADABLE, "(offset 7: not a change)"),
        (UNREADABLE._replace(following=1_000_007), "(1000000 records, offsets 7 to 1000006: not a change)"),
    ],
)
def test_records_that_cannot_be_read_are_answered_once_with_their_offsets_and_why(
    run: UnreadableRecords, told: str
) -> None:
    [answer] = judge([run], shelf(), {}, NOW).answers
    assert told in answer.reason


DAYS = st.sampled_from([date(2026, month, 1) for month in range(1, 6)])
KEYS = st.sampled_from(
    [KEY, KEY._replace(quality="18/902"), DossierKey(OTHER, "nic", "11/2"), KEY._replace(person="1")]
)
ANYTHING = st.one_of(
    st.builds(
        DossierChange,
        id=st.sampled_from([str(number) for number in range(30)] + [""]),
        action=st.sampled_from(["integrate", "integrate", "change", "end"]),
        key=KEYS,
        since=DAYS,
        until=st.none() | DAYS,
        version=st.integers(0, 4) | st.none(),
    ),
    st.just(UNREADABLE),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(ANYTHING, st.booleans()), max_size=40))
def test_however_changes_are_cut_into_batches_the_end_and_the_answers_are_the_same(
    sequence: list[tuple[DossierChange | UnreadableRecords, bool]],
) -> None:
    one_by_one, batched = MemoryDossiers(), MemoryDossiers()
    batch: list[DossierChange | UnreadableRecords] = []
    for one, last in sequence:
        one_by_one.take_in(None, [one])
        batch.append(one)
        if last:
            batched.take_in(None, batch)
            batch = []
    batched.take_in(None, batch)
    assert batched.answers == one_by_one.answers
    assert batched.rows() == one_by_one.rows()
    assert (batched.integrations, batched.given) == (one_by_one.integrations, one_by_one.given)
    assert len(batched.answers) == len(sequence)
    for kept in batched.live.values():
        days = sorted(kept.values(), key=lambda one: one.since)
        assert all(one.until and one.until < after.since for one, after in pairwise(days))

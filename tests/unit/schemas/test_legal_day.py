"""The legal day is the day in Belgium, in summer and in winter, whatever the machine knows of time zones."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.legal_day import first_moment, in_belgium, legal_day

EDGES = [
    # A deliberation until 30 June ends at midnight in Belgium, two hours before that of UTC.
    (datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC), date(2026, 6, 30)),
    (datetime(2026, 6, 30, 22, tzinfo=UTC), date(2026, 7, 1)),
    (datetime(2026, 6, 30, 23, 30, tzinfo=UTC), date(2026, 7, 1)),
    (datetime(2026, 12, 31, 22, 30, tzinfo=UTC), date(2026, 12, 31)),
    (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), date(2027, 1, 1)),
    # The clocks go forward on 29 March 2026 and back on 25 October 2026, both at one o'clock UTC.
    (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), date(2026, 3, 28)),
    (datetime(2026, 3, 28, 23, tzinfo=UTC), date(2026, 3, 29)),
    (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), date(2026, 3, 29)),
    (datetime(2026, 3, 29, 22, tzinfo=UTC), date(2026, 3, 30)),
    (datetime(2026, 10, 24, 22, tzinfo=UTC), date(2026, 10, 25)),
    (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), date(2026, 10, 25)),
    (datetime(2026, 10, 25, 23, tzinfo=UTC), date(2026, 10, 26)),
    # The same moment, as a clock elsewhere shows it.
    (datetime(2026, 7, 1, 8, 30, tzinfo=timezone(timedelta(hours=9))), date(2026, 7, 1)),
    (datetime(2026, 6, 30, 14, tzinfo=timezone(-timedelta(hours=10))), date(2026, 7, 1)),
]


@pytest.mark.parametrize(("moment", "day"), EDGES)
def test_the_day_of_a_moment_is_the_one_in_belgium(moment: datetime, day: date) -> None:
    assert legal_day(moment) == day


def test_a_moment_without_a_time_zone_has_no_day() -> None:
    with pytest.raises(ValueError, match="time zone"):
        legal_day(datetime(2026, 6, 30, 23, 30))  # noqa: DTZ001 - that is what is refused


@given(st.dates(date(1996, 1, 1), date(2100, 12, 31)))
def test_a_day_begins_with_its_first_moment_and_not_before(day: date) -> None:
    begins = first_moment(day)
    assert begins.tzinfo is UTC
    assert legal_day(begins) == day
    assert legal_day(begins - timedelta(microseconds=1)) == day - timedelta(days=1)
    assert in_belgium(begins).hour == 0

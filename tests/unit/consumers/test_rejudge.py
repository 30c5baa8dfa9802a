"""Only what a wrong day changes is judged again; what was delivered too much is counted."""

from collections import Counter
from datetime import date, timedelta

from consumers.deliberations import load
from consumers.narrowing.projection import in_force, projections
from consumers.replay.again import ExchangedPeriod, excess, wrong

RIGHT = date(2026, 10, 1)
LONG_AGO = date(1999, 1, 1)


def test_a_day_that_changes_nothing_leads_to_nothing() -> None:
    difference = wrong(projections(load()), [RIGHT, RIGHT + timedelta(days=1)], RIGHT)
    assert difference.withheld == {}
    assert difference.too_much == {}


def test_what_held_on_the_right_day_only_was_withheld() -> None:
    every = projections(load())
    difference = wrong(every, [LONG_AGO, RIGHT], RIGHT)
    assert set(difference.withheld) == {LONG_AGO}
    assert set(difference.withheld[LONG_AGO]) == set(in_force(every, RIGHT))
    assert difference.too_much == {}


def test_what_was_delivered_on_a_deliberation_that_did_not_hold_is_counted() -> None:
    every = projections(load())
    basis = in_force(every, RIGHT)[0]
    judged = ExchangedPeriod(
        delivered={RIGHT: Counter({(basis.recipient, basis.deliberation): 3, ("nobody", "0/0@1"): 2})}
    )
    difference = wrong(every, [RIGHT], LONG_AGO)
    assert difference.withheld == {}
    assert excess(judged, difference) == {(basis.recipient, basis.deliberation): 3}

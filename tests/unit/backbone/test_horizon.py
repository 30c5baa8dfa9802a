"""Only who can still write counts; whoever is not recognised counts too."""

from backbone.horizon import SHORT, Snapshot, counted, lowest


def test_with_nobody_running_everything_is_settled() -> None:
    assert lowest(Snapshot(20, ()), {1}, [(7, 1)]) == 20


def test_a_writer_counts_and_a_bystander_does_not() -> None:
    running = Snapshot(20, (7, 9))
    assert lowest(running, {1}, [(7, 1), (9, 2)]) == 9
    assert lowest(running, {2}, [(7, 1), (9, 2)]) == 7
    assert lowest(running, {1, 2}, [(7, 1), (9, 2)]) == 20


def test_who_ended_since_or_was_prepared_counts() -> None:
    assert lowest(Snapshot(20, (7, 9)), {1, 2}, [(9, 2)]) == 7


def test_numbers_go_on_beyond_what_a_lock_shows() -> None:
    assert lowest(Snapshot(SHORT + 20, (SHORT + 7,)), {1}, [(7, 1)]) == SHORT + 20


def test_a_process_holds_back_what_is_read_while_its_transaction_may_still_write() -> None:
    running = Snapshot(SHORT + 20, (SHORT + 7, SHORT + 9))
    held = [(7, 1), (9, 2), (11, 3)]
    assert counted(running, set(), held) == [1, 2]
    assert counted(running, {1}, held) == [2]
    assert counted(Snapshot(20, ()), set(), held) == []

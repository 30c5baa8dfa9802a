"""What was polled while partitions changed hands is given to nobody; those that are still ours are read again."""

from typing import Any

import pytest

from backbone.errors import Retry
from backbone.group_reader import BrokerOffsets, next_offsets
from tests.builders.kafka_group import TOPIC, Group, polled


def reader_of(group: Any) -> BrokerOffsets:
    return BrokerOffsets(group, [TOPIC])


def test_a_batch_holds_records_without_a_value_and_says_where_the_next_one_begins() -> None:
    messages = reader_of(Group([polled(0, 4), polled(0, 5), polled(1, 9)], [0, 1])).poll(10)
    assert [(message.partition(), message.offset()) for message in messages] == [(0, 4), (0, 5), (1, 9)]
    assert next_offsets(messages) == {(TOPIC, 0): 6, (TOPIC, 1): 10}


def test_what_was_polled_while_partitions_were_revoked_is_read_again_where_they_are_still_ours() -> None:
    group = Group([polled(0, 4), polled(0, 5), polled(1, 9)], [0, 1])
    group.change_hands([0])
    reader = reader_of(group)
    assert reader.poll(10) == []
    assert group.sought == [(TOPIC, 0, 4)]
    assert [(message.partition(), message.offset()) for message in reader.poll(10)] == [(0, 4), (0, 5)]


def test_a_reader_that_cannot_seek_back_is_opened_again() -> None:
    group = Group([polled(0, 4)])
    group.fails = True
    group.change_hands()
    with pytest.raises(Retry, match="changed hands"):
        reader_of(group).poll(10)

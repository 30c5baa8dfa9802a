"""A broker that is silent is waited for: that it says nothing is no fault of the one who asks."""

from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from backbone import offsets
from backbone.errors import Retry
from backbone.offsets import Offsets
from backbone.settings import Settings
from schemas.topics import FINDINGS


class Silent:
    """An administrator whose broker never answers."""

    def list_offsets(self, places: Iterable[TopicPartition], **_options: Any) -> dict[TopicPartition, Future[Any]]:
        return {place: Future() for place in places}


def test_who_asks_a_silent_broker_for_the_ends_of_topics_is_told_to_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offsets, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(Offsets, "_admin", Silent())
    with pytest.raises(Retry, match="Kafka does not answer"):
        Offsets(Settings(home=tmp_path), "inspector").ends([FINDINGS], 1)

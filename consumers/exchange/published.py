"""Checks that the recipients of a copy can look up its schema, before the first copy is made."""

from collections.abc import Iterable

from backbone import kafka
from backbone.errors import Stop
from backbone.settings import Settings
from consumers.narrowing.projection import Projection
from schemas.registration import parse
from schemas.topics import SCHEMAS


def check_published(settings: Settings, wanted: Iterable[Projection], reader: str = "exchange") -> None:
    """See, as the Kafka user `reader`, that every projection is published.

    Raises Stop with the deliberations that are not, Retry when Kafka does not answer.
    """
    kept = (parse(message.key(), message.value()) for message in kafka.read_all(settings, reader, SCHEMAS))
    published = {version.id for version in kept if version}
    missing = sorted({one.deliberation for one in wanted if one.contract.id not in published})
    if missing:
        raise Stop(f"The schemas of {', '.join(missing)} are not published.", "Run `kruispunt provision`.")

"""Checks that the recipients of a copy can look up its schema, before the first copy is made."""

from collections.abc import Iterable

from backbone.errors import Stop
from backbone.schema_topic import published
from backbone.settings import Settings
from consumers.narrowing.projection import Projection
from schemas.roles import Role


def check_published(settings: Settings, wanted: Iterable[Projection], reader: Role = Role.EXCHANGE) -> None:
    """Check, as the Kafka user `reader`, that every projection is published.

    Raises Stop that names the missing deliberations, Retry when Kafka does not answer.
    """
    published_ids = {version.id for version in published(settings, reader)}
    missing = sorted({projection.deliberation for projection in wanted if projection.contract.id not in published_ids})
    if missing:
        raise Stop(f"The schemas of {', '.join(missing)} are not published.", "Run `kruispunt provision`.")

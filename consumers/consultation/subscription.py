"""Describes what an institution's own program needs to read its deliveries: address, user, password, topic."""

from typing import NamedTuple

from backbone.errors import Stop
from backbone.settings import Settings
from schemas.topics import delivery


class Subscription(NamedTuple):
    """Settings of a stock Kafka client, by their names in librdkafka; `notes` are those of a schema registry client."""

    client: dict[str, str]
    notes: dict[str, str]


def subscription(settings: Settings, institution: str) -> Subscription:
    """Everything that opens this institution's deliveries and nothing else; the password is among it.

    Raises Stop when no CA certificate is known.
    """
    if settings.kafka_ca is None:
        raise Stop("No CA certificate is known.", "Run `kruispunt up`, or set kafka_ca.")
    client = {
        "bootstrap.servers": settings.kafka_bootstrap,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": institution,
        "sasl.password": settings.secret("kafka", institution),
        "ssl.ca.location": str(settings.kafka_ca),
    }
    notes = {
        "topic": delivery(institution),
        "group.prefix": f"{institution}.",
        "schema.registry.url": settings.registry_url,
    }
    if settings.registry_url.startswith("https:"):
        notes["schema.registry.ssl.ca.location"] = str(settings.kafka_ca)
    return Subscription(client, notes)

"""Names each role once: everything that connects to PostgreSQL or Kafka and is not an institution has one of them."""

from enum import StrEnum


class Role(StrEnum):
    """A process, a person's function, or the owner of what is stored; an institution connects under its own name."""

    INTAKE = "intake"
    """Registers what is submitted."""
    RELAY = "relay"
    DOSSIERS = "dossiers"
    """Takes in what institutions say about their dossiers."""
    EXCHANGE = "exchange"
    REPLAY = "replay"
    AUDIT = "audit"
    """Keeps the log of disclosures; an `auditor` reads it."""
    RULES = "rules"
    NOTIFIER = "notifier"
    API = "api"
    """Serves the schemas that are published."""
    REGISTRAR = "registrar"
    """Publishes schemas."""

    OPERATOR = "operator"
    """Works with the backbone by command; every act is on record."""
    INSPECTOR = "inspector"
    """Counts for `status`, `wait` and `ledger`, and sees nothing about a person."""
    AUDITOR = "auditor"
    JURIST = "jurist"
    """Looks at findings and the facts they rest on; each look is an act."""

    OWNER = "owner"
    """Owns the schemas of the main database and migrates them."""
    ADMIN = "admin"
    """Changes the Kafka cluster."""

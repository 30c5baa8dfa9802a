"""Deliberations: who may receive what, on which legal basis; one YAML file per version.

Each version is kept in PostgreSQL (`store`), seeded from these files.

The laws are real; the numbers, dates and scopes of these deliberations are examples, not those of the Information
Security Committee.
"""

from consumers.deliberations.model import EVERYONE, RULES, Deliberation, entitlements
from consumers.deliberations.parser import load, read

__all__ = ["EVERYONE", "RULES", "Deliberation", "entitlements", "load", "read"]

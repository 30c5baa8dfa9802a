"""Names what the stages lock in the database, once: two locks with one number would block each other.

Those of the backbone's own mechanisms are in `backbone.postgres.Lock`. Which role may take which lock is data of the
database (`kruispunt/sql/access`).
"""

from enum import IntEnum


class StageLock(IntEnum):
    """Advisory locks by what they guard."""

    RECIPIENTS = 5_019_773
    """Of one partition: only its holder notifies them."""
    EXCHANGE = 5_019_774
    """One number for each process of the exchange."""
    DELIBERATIONS = 5_019_776
    DOSSIERS = 5_019_777
    REPLAY = 5_019_778
    ACTS = 5_019_779
    CHECKPOINT = 5_019_785
    REJUDGE = 5_019_791
    DECIDING = 5_019_792
    """Of one partition of facts: its holder decides a bundle, or persons again whom changed law touches."""

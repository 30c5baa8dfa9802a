"""The outboxes of all stages, in the order in which the relay takes its turns, and the relay that publishes them."""

from datetime import timedelta

from backbone import outbox_relay
from backbone.outbox import OutboxSource
from backbone.settings import Settings
from backbone.tally import digest_of, leading, versioned
from schemas.institutions import INSTITUTIONS
from schemas.roles import Role
from schemas.topics import CHECKPOINTS, DEAD_LETTERS, DECLARATIONS, FACTS, FINDINGS, NOTICES, answers

AS_LONG = timedelta(days=15)
"""Half the shortest retention of a topic: a row in an outbox can still be compared with its topic."""
ANSWERS_KEPT = timedelta(minutes=10)
"""`directory.change` keeps each answer for good and gives it again on request. The outbox only shows what just
happened: an institution that uses its full allowance adds 150 MB to it in this time."""


def digest(topic: str, value: bytes) -> int:
    """The number of a record in the sums: that of its event, of a finding and its version, or of all of it."""
    if topic in DECLARATIONS:
        return digest_of(leading(value))
    if topic == FINDINGS:
        return digest_of(versioned(value))
    return digest_of(value)


OUTBOXES = (
    # Never pruned: this one is the register, and replays read it for as long as it is kept.
    OutboxSource("register", 0, Role.RELAY, DECLARATIONS, digest),
    OutboxSource("rules", 1, Role.RELAY, (FINDINGS, DEAD_LETTERS), digest, keep=AS_LONG),
    OutboxSource("notifier", 2, Role.RELAY, (NOTICES, DEAD_LETTERS), digest, keep=AS_LONG),
    OutboxSource("directory", 3, Role.RELAY, tuple(answers(name) for name in INSTITUTIONS), digest, keep=ANSWERS_KEPT),
    OutboxSource("audit", 4, Role.RELAY, (CHECKPOINTS,), digest, keep=AS_LONG),
    OutboxSource("dead", 5, Role.RELAY, (*DECLARATIONS, FACTS, FINDINGS), digest, placed=True, keep=AS_LONG),
)
BY_NAME = {outbox.name: outbox for outbox in OUTBOXES}


def run_relay(settings: Settings) -> None:
    """Publish what the outboxes hold until asked to stop."""
    outbox_relay.run(settings, Role.RELAY, OUTBOXES)

"""What the Kafka cluster is for: the topics, the institutions as its tenants, and which process may do what."""

from backbone.cluster.declared import Blueprint
from backbone.cluster.state import Quota
from schemas.institutions import INSTITUTIONS
from schemas.roles import Role
from schemas.topics import TOPICS, delivery

MIB = 1024 * 1024
INSTITUTION_QUOTA: Quota = {
    # About 150,000 copies a second: more than the exchange makes, so that an institution that catches up is not
    # delayed, while three that read from the beginning at once leave a broker most of a gigabit line.
    "consumer_byte_rate": 32.0 * MIB,
    # Dossiers only: ten times what is processed of one institution over time, unpacked, so that no ordinary writer is
    # throttled. What waits lies on the institution's topic: 90 GB a day at most.
    "producer_byte_rate": 1.0 * MIB,
    # Percent of one thread of a broker, which has six here and more in a deployment: a client that sends requests in a
    # tight loop, or logs in and out, cannot take the broker from the others.
    "request_percentage": 100.0,
}
"""What one institution may use of each broker, however many clients it runs. Our own processes have no quota: they are
ours to mend, and a backbone that throttles itself only falls behind."""

BLUEPRINT = Blueprint(
    topics=TOPICS,
    # Without a deliberation an institution still says whom it has on file: it must be able to end its dossiers.
    tenants={name: delivery(name) for name in INSTITUTIONS},
    tenant_quota=INSTITUTION_QUOTA,
    transactional=(Role.RELAY, Role.EXCHANGE, Role.REPLAY),
    watchers=((Role.REPLAY, Role.EXCHANGE),),
    inspectors=(Role.INSPECTOR,),
)

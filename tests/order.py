"""In which order tests run, and which of them one worker runs: cheap modules first, then the long ones.

A worker that is done takes the next unit: a module, or all modules that share a stack. Long units come before short
ones, so that all workers end at about the same time.
"""

from collections.abc import Sequence

OWN_STACKS = (
    "tests/integration/test_stack_restore.py",
    "tests/integration/test_stack_lifecycle.py",
    "tests/integration/test_stack_rotation.py",
    "tests/integration/test_stack_orphans.py",
)
"""They bring stacks of their own up and down: one after the other, never two beside each other."""
WHOLE_STACK = (
    "tests/flow/test_main_job.py",
    "tests/flow/test_subscribers.py",
    "tests/flow/test_ledger_faults.py",
    "tests/flow/test_interface.py",
    "tests/integration/test_audit_commands.py",
    "tests/integration/test_intruder_withdrawn.py",
    "tests/integration/test_processes.py",
)
"""They need every process of Kruispunt: one worker has such a stack, and the other ones need none."""
LONG = (
    "tests/integration/test_rules_stream.py",
    "tests/integration/test_directory_commands.py",
    "tests/integration/test_dead_letters.py",
    "tests/integration/test_exchange_survives.py",
    "tests/integration/test_intruder_kafka.py",
    "tests/integration/test_relay_once.py",
    "tests/integration/test_replay_once.py",
    "tests/integration/test_lost_hosts.py",
    "tests/integration/test_directory_topic.py",
    "tests/integration/test_rejudge.py",
    "tests/integration/test_intake_register.py",
)
"""The longest of those that need servers only, longest first."""
UNITS: Sequence[Sequence[str]] = (OWN_STACKS, WHOLE_STACK, *((module,) for module in LONG))


def module(nodeid: str) -> str:
    """The path of a test's module, whatever folder pytest was started for."""
    return nodeid.partition("::")[0]


def unit(nodeid: str) -> str:
    """What one worker runs as a whole; named by its first module."""
    own = module(nodeid)
    return next((modules[0] for modules in UNITS if own in modules), own)


def place(nodeid: str, *, servers: bool) -> tuple[int, int]:
    """What to sort by: what needs no server first, then the units in their order, then the other modules."""
    own = module(nodeid)
    for number, modules in enumerate(UNITS, 1):
        if own in modules:
            return number, modules.index(own)
    return (len(UNITS) + 1 if servers else 0), 0

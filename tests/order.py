"""In which order tests run, and which of them one worker runs.

A worker that is done takes the next unit: a module, or all modules that share a stack. Long units come before short
ones, so that all workers end at about the same time; the modules that need no server are short, and come last. Where
nobody works beside, they come first: they are the quickest to tell of a fault.
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
    "tests/flow/test_interface.py",
    "tests/integration/test_audit_commands.py",
    "tests/integration/test_processes.py",
    "tests/integration/test_intruder_withdrawn.py",
    # It takes records out of the topics, and nobody after it finds them there.
    "tests/flow/test_ledger_faults.py",
)
"""They need every process of Kruispunt: one worker has such a stack, and the other ones need none."""
LONG = (
    # They read the facts that others leave on the topic.
    "tests/integration/test_rules_stream.py",
    "tests/integration/test_rules_explained.py",
    "tests/integration/test_provisioning.py",
    "tests/integration/test_replay_once.py",
    "tests/integration/test_relay_once.py",
    "tests/integration/test_notifier_process.py",
    "tests/integration/test_rejudge.py",
    "tests/integration/test_lost_hosts.py",
    "tests/integration/test_exchange_survives.py",
    "tests/integration/test_dead_letters.py",
    "tests/integration/test_directory_commands.py",
    "tests/integration/test_log_verifier.py",
    "tests/integration/test_directory_topic.py",
    "tests/integration/test_intake_register.py",
    "tests/integration/test_intruder_kafka.py",
)
"""The longest of those that need servers only, longest first."""
LONG_WITHOUT_SERVERS = (
    "tests/unit/kruispunt/test_cli_broken_input.py",
    "tests/contract/test_surroundings.py",
    "tests/unit/rules/test_rule_births.py",
    "tests/contract/test_registry_clients.py",
    "tests/process/test_command_line.py",
    "tests/unit/notifier/test_notice_every_rule_letter.py",
    "tests/process/test_broken_homes.py",
    "tests/unit/notifier/test_notice_every_rule_mail.py",
    "tests/contract/test_rule_labels.py",
    "tests/process/test_revisions.py",
    "tests/unit/kruispunt/test_cli_without_stack.py",
    "tests/contract/test_workers.py",
)
"""The longest of the others, longest first."""
UNITS: Sequence[Sequence[str]] = (OWN_STACKS, WHOLE_STACK, *((module,) for module in LONG))


def module(nodeid: str) -> str:
    """The path of a test's module, whatever folder pytest was started for."""
    return nodeid.partition("::")[0]


def unit(nodeid: str) -> str:
    """What one worker runs as a whole; named by its first module."""
    own = module(nodeid)
    return next((modules[0] for modules in UNITS if own in modules), own)


def place(nodeid: str, *, servers: bool, alone: bool) -> tuple[int, int]:
    """What to sort by: the units in their order, other modules that need servers, and those that need none."""
    own = module(nodeid)
    for number, modules in enumerate(UNITS):
        if own in modules:
            return number, modules.index(own)
    if servers:
        return len(UNITS), 0
    long = LONG_WITHOUT_SERVERS.index(own) if own in LONG_WITHOUT_SERVERS else len(LONG_WITHOUT_SERVERS)
    return (-1 if alone else len(UNITS) + 1), long

"""A rule that is not asked has nothing to say: what is found is the same when all are asked."""

from rules.casefile import shipped
from rules.catalogue import EXCESSES, HISTORY_RULES, ONLY_WITH, RULES, decide_all, excesses
from rules.situation import Situation
from rules.trial import read

EXAMPLES = [read(written) for written in shipped({*RULES, *HISTORY_RULES})]
SITUATIONS = [(one.situation, one.day) for one in EXAMPLES if isinstance(one.situation, Situation)]


def test_no_case_loses_a_finding_because_a_rule_is_not_asked() -> None:
    for situation, day in SITUATIONS:
        asked = [finding.rule for rule in RULES.values() for finding in rule(situation, day)]
        assert [finding.rule for finding in decide_all(situation, day)] == asked


def test_no_case_loses_an_excess_because_a_rule_is_not_asked() -> None:
    for situation, _ in SITUATIONS:
        assert excesses(situation) == [excess for rule in EXCESSES.values() for excess in rule(situation)]


def test_every_rule_that_waits_for_its_codes_speaks_in_some_case() -> None:
    spoken = {finding.rule for situation, day in SITUATIONS for finding in decide_all(situation, day)}
    assert set(ONLY_WITH) <= spoken | {"restructuring_card"}

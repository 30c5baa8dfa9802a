"""A rule that is not asked has nothing to say: what is found is the same when all are asked."""

from dataclasses import replace

from rules.catalogue import RULES, decide_all, decide_with_excesses, excesses
from rules.view.situation import Situation
from rules.view.worker_line import Claim
from tests.builders.law import LAW
from tests.builders.shipped import EXAMPLES

ALWAYS_ASKED = [replace(rule, only_with=frozenset()) for rule in RULES.values()]
SITUATIONS = [(one.situation, one.day) for one in EXAMPLES if isinstance(one.situation, Situation)]
MORE = 5_000_00
"""Eurocents by which a claim is raised to be too high under any rule."""

NEVER_SURE_ENOUGH = {"artists"}
"""Rules that are "to check" whatever is declared, and so never say that too much was taken."""


def raised(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    return tuple(replace(claim, amount=claim.amount + MORE) for claim in claims)


def taken_too_high(situation: Situation) -> Situation:
    """The same declaration, in which every claim is too high."""
    return replace(
        situation,
        lines=tuple(
            replace(
                line,
                claims=raised(line.claims),
                occupations=tuple(replace(one, claims=raised(one.claims)) for one in line.occupations),
            )
            for line in situation.lines
        ),
    )


def test_no_case_loses_a_finding_because_a_rule_is_not_asked() -> None:
    assert SITUATIONS
    for situation, day in SITUATIONS:
        asked = [finding.rule for rule in ALWAYS_ASKED for finding in rule.decide(situation, day, LAW)]
        assert [finding.rule for finding in decide_all(situation, day, LAW)] == asked


def test_no_case_loses_an_excess_because_a_rule_is_not_asked() -> None:
    spoken = set()
    for situation, _ in SITUATIONS:
        for seen in (situation, taken_too_high(situation)):
            found = [excess for rule in ALWAYS_ASKED for excess in rule.excesses(seen, LAW)]
            assert excesses(seen, LAW) == found
            spoken |= {excess.rule for excess in found}
    assert spoken == {rule.name for rule in ALWAYS_ASKED if rule.assess} - NEVER_SURE_ENOUGH


def test_one_assessment_gives_what_is_missed_and_what_is_taken_beyond_as_two_do() -> None:
    everything = [(seen, day) for situation, day in SITUATIONS for seen in (situation, taken_too_high(situation))]
    assert any(excesses(seen, LAW) for seen, _ in everything)
    for seen, day in everything:
        assert decide_with_excesses(seen, day, LAW) == (decide_all(seen, day, LAW), excesses(seen, LAW))


def test_every_rule_that_waits_for_its_codes_speaks_in_some_case() -> None:
    spoken = {finding.rule for situation, day in SITUATIONS for finding in decide_all(situation, day, LAW)}
    assert spoken == RULES.keys()

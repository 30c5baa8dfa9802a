"""A rule that is not asked has nothing to say: what is found is the same when all are asked."""

from dataclasses import replace

from rules.casebook.case_file import shipped
from rules.casebook.trial import read
from rules.catalogue import EXCESSES, HISTORY_RULES, RULES, decide_all, excesses
from rules.view.situation import Situation
from rules.view.worker_line import Claim

EXAMPLES = [read(written) for written in shipped({*RULES, *HISTORY_RULES})]
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
        asked = [finding.rule for rule in RULES.values() for finding in rule(situation, day)]
        assert [finding.rule for finding in decide_all(situation, day)] == asked


def test_no_case_loses_an_excess_because_a_rule_is_not_asked() -> None:
    spoken = set()
    for situation, _ in SITUATIONS:
        for seen in (situation, taken_too_high(situation)):
            found = [excess for rule in EXCESSES.values() for excess in rule(seen)]
            assert excesses(seen) == found
            spoken |= {excess.rule for excess in found}
    assert spoken == EXCESSES.keys() - NEVER_SURE_ENOUGH


def test_every_rule_that_waits_for_its_codes_speaks_in_some_case() -> None:
    spoken = {finding.rule for situation, day in SITUATIONS for finding in decide_all(situation, day)}
    assert spoken == RULES.keys()

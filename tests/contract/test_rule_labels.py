"""No finding is surer than the labels of its figures allow: tried for every rule, case and row of figures.

The label of each row a case asks for is made MEM, DER (which lead to "to check" at most) or REPO ("likely" at most). A
finding that stays surer must not rest on the row: then other figures in it change nothing, whichever way they are
changed.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from rules.casebook.case_events import Example
from rules.casebook.trial import decide
from rules.catalogue import HISTORY_RULES, RULES
from rules.findings.finding import Certainty
from rules.law.dated_figures import Figure, FigureRow, Series, SourceQuality
from rules.law.law import Law
from rules.law.variants import recording
from rules.view.history import PersonHistory
from rules.view.situation import Situation
from tests.builders.law import LAW
from tests.builders.shipped import EXAMPLES

EVERY = {**RULES, **HISTORY_RULES}
NEVER_SURE = {
    "artists",
    "horeca_workers",
    "allowed_work",
    "youth_holiday",
    "increased_reimbursement_income",
    "maximum_billing",
    "social_energy_tariff",
    "child_benefit_supplement",
    "income_guarantee_elderly",
    "unemployment_admission",
    "low_skilled_youth",
    "no_recent_work_experience",
    "working_time_reduction",
    "mentors",
}
"""Rules that ask for something no event shows, or rest on a row that is derived or from memory: never sure."""
NEVER_CERTAIN = NEVER_SURE | {
    "restructuring_card",
    "work_bonus",
    "income_guarantee",
    "senior_holiday",
    "additional_holiday",
    "increased_reimbursement",
    "sickness_benefit",
}
"""Rules that also ask for something only others see, or rest on a row read in public code: never certain."""
SURER = {
    SourceQuality.REPO: {Certainty.CERTAIN},
    SourceQuality.DER: {Certainty.CERTAIN, Certainty.LIKELY},
    SourceQuality.MEM: {Certainty.CERTAIN, Certainty.LIKELY},
}
"""What no finding may be that rests on a row with such a label."""


def instead(row: FigureRow, other: FigureRow) -> Law:
    """The law that is shipped, but for one row."""
    name = row.file.removesuffix(".yaml")
    whole = LAW[name]
    series = whole.series[row.series]
    rows = tuple(other if one is row else one for one in series.written)
    changed = replace(whole, series={**whole.series, row.series: Series(series.name, rows, series.ended)})
    return Law({**LAW.parameters, name: changed})


def sure(example: Example, law: Law, surer: set[Certainty]) -> set[tuple[object, ...]]:
    """What is found by this law and is that sure."""
    found = decide(example, law)
    return {(one.occupation, one.amount, one.missing) for one in found if one.certainty in surer}


def asked(example: Example, surer: set[Certainty]) -> tuple[set[FigureRow], set[tuple[object, ...]]]:
    """The rows a case asks for, and its findings that are that sure."""
    seen: set[FigureRow] = set()
    return seen, sure(example, recording(LAW, seen), surer)


def moved(value: Decimal) -> Iterator[Decimal]:
    """A little more, and a little less."""
    smallest = Decimal(1).scaleb(int(value.as_tuple().exponent))
    for factor in ("1.01", "0.99"):
        other = (value * Decimal(factor)).quantize(smallest)
        yield max(other if other != value else value + smallest * (1 if factor > "1" else -1), Decimal(0))


def codes(situation: Situation | PersonHistory) -> frozenset[str]:
    """Every code that stands in a situation."""
    found = {decision.nature for decision in situation.decisions or ()}
    found |= {decision.kind for decision in situation.decisions or ()}
    if isinstance(situation, PersonHistory):
        for worked in situation.worked:
            found |= {worked.employer_class, worked.worker_code, *(service.code for service in worked.services)}
        return frozenset(found)
    for line in situation.lines:
        found |= {line.employer_class, line.worker_code}
        for occupation in line.occupations:
            found |= {occupation.joint_committee, occupation.joint_committee.split(".")[0], *occupation.wages}
            found |= {service.code for service in occupation.services}
    return frozenset(found)


def others(value: Figure, present: frozenset[str]) -> Iterator[Figure]:
    """Other figures in the place of one."""
    if isinstance(value, Decimal):
        yield from moved(value)
    else:
        yield from (frozenset[str](), value | present)


def changed(row: FigureRow, present: frozenset[str]) -> Iterator[FigureRow]:
    """The row with one figure changed."""
    for name, value in row.figures.items():
        for other in others(value, present):
            yield replace(row, figures={**row.figures, name: other})


@pytest.mark.parametrize("label", SURER)
@pytest.mark.parametrize("rule", EVERY)
def test_no_finding_is_surer_than_the_figures_it_rests_on(rule: str, label: SourceQuality) -> None:
    surer, wrong = SURER[label], []
    for one in (one for one in EXAMPLES if one.rule == rule):
        rows, before = asked(one, surer)
        for row in rows if before else ():
            still = sure(one, instead(row, replace(row, quality=label)), surer)
            for other in changed(row, codes(one.situation)) if still else ():
                after = sure(one, instead(row, other), surer)
                if not still <= after:
                    wrong.append((one.name, row.version, dict(other.figures), still, after))
                    break
    assert wrong == []


@pytest.mark.parametrize(("label", "never"), [(SourceQuality.MEM, NEVER_SURE), (SourceQuality.REPO, NEVER_CERTAIN)])
@pytest.mark.parametrize("rule", EVERY)
def test_some_finding_of_every_rule_is_sure_enough_to_be_tried(
    rule: str, label: SourceQuality, never: set[str]
) -> None:
    """But for those that never are."""
    tried = any(asked(one, SURER[label])[1] for one in EXAMPLES if one.rule == rule)
    assert tried == (rule not in never)


@pytest.mark.parametrize("rule", EVERY)
def test_no_finding_of_any_case_is_surer_than_a_label_in_its_trace_allows(rule: str) -> None:
    found = [finding for one in EXAMPLES if one.rule == rule for finding in decide(one, LAW)]
    assert found
    wrong = [
        (finding.quarter, row.version, finding.certainty)
        for finding in found
        for step in finding.trace
        for row in step.rows
        if finding.certainty in SURER.get(row.quality, ())
    ]
    assert wrong == []

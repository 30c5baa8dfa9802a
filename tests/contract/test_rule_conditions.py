"""Every condition in a trace says what became of it and where it stands, so that one step can be contested."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache

import pytest

from notifier.render import words
from rules.casebook.trial import decide
from rules.catalogue import HISTORY_RULES, RULES
from rules.findings.finding import DID_NOT_HOLD, HELD, UNKNOWN, ConditionOutcome, TraceStep
from rules.view.situation import Situation
from tests.builders.law import LAW
from tests.builders.shipped import EXAMPLES

EVERY = {**RULES, **HISTORY_RULES}
H, N, U = HELD, DID_NOT_HOLD, UNKNOWN
COVERED = {"worker code": {H}, "W": {H}, "mu": {H}, "mu_glob": {H}}
"""What every target group asks."""
CONDITIONS: dict[str, dict[str, set[ConditionOutcome]]] = {
    "structural_reduction": {
        "worker code": {H, N, U},
        "employer class": {N},
        "year of birth + 18": {N},
        "W": {H, N},
        "mu_glob": {H, N},
        "exception to the floor": {H},
        "Q / S": {H, N, U},
        "undetermined": {U},
    },
    "first_hirings": {
        **COVERED,
        "worker code": {H, N},
        "W": {H, N},
        "mu": {H, N},
        "mu_glob": {H, N},
        "exception to the floor": {H},
        "Q / S": {H, N},
        "target groups of an occupation": {H, N},
        "quarters of the right": {H, N},
        "hired on": {H},
        "contribution of larger employers": {H},
        "not in the declaration": {U},
        "undetermined": {U},
    },
    "older_workers": {
        **COVERED,
        "worker code": {H, N},
        "category": {H, N},
        "pension age reached on": {H, N},
        "limit of S": {H, N, U},
        "least age": {H, N},
        "least age on the eve": {H, U},
        "ages": {H, N},
        "reduction until": {H, N},
        "quarters of the right": {H, N},
        "not in the declaration": {U},
        "undetermined": {U},
    },
    "low_skilled_youth": {
        **COVERED,
        "category": {H, N},
        "reduction until": {H, N},
        "hires until": {H, N},
        "quarters of the right": {H, N},
        "below the age of": {H, N},
        "limit of S": {H, N},
    },
    "no_recent_work_experience": {
        **COVERED,
        "category": {H},
        "hires from": {H, N},
        "quarters of the right": {H, N},
        "ages": {H, N},
        "least age": {H, N},
        "pension age reached on": {H, N},
        "limit of S": {H, N, U},
    },
    "working_time_reduction": {
        **COVERED,
        "category": {H, N},
        "quarters of the right": {H, N, U},
        "least weekly hours": {H, N, U},
    },
    "mentors": {**COVERED, "category": {H, N}},
    "artists": {**COVERED, "worker code": {U}, "category": {H}, "limit of S": {H, N}, "undetermined": {U}},
    "horeca_workers": {
        **COVERED,
        "worker code": {H, N},
        "joint committee": {H, N},
        "mu_glob": {H, N},
        "exception to the floor": {H},
        "Q / S": {H, N},
        "workers with this reduction": {U},
        "workers on average": {U},
        "certified cash register": {U},
        "below the age of": {H, N},
        "target groups of an occupation": {N},
    },
    "restructuring_card": {
        "worker code": {H, N, U},
        "quarters of the right": {H, N, U},
        "limit of a month": {H, N, U},
        "W": {H},
        "undetermined": {U},
    },
    "work_bonus": {"worker code": {H, N, U}, "W": {H, N}, "undetermined": {U}},
    "income_guarantee": {
        "worker code": {H},
        "full unemployment until": {H},
        "Q / S": {H, U},
        "reference amount of a month": {H},
        "undetermined": {U},
    },
    "allowed_work": {"incapacity": {H}, "invalidity": {H}},
    "youth_holiday": {"age on 31 December": {H}, "first job from": {H}, "months worked": {H}},
    "senior_holiday": {"age on 31 December": {H}, "unemployment_benefit": {H}, "invalidity": {H}, "job from": {H}},
    "additional_holiday": {
        "unemployment_benefit": {H},
        "career_break": {H},
        "job from": {H},
        "three months complete on": {H},
    },
    "increased_reimbursement": {"status": {H}, "right from": {H}},
    "increased_reimbursement_income": {
        "unemployment_benefit": {H},
        "incapacity": {H},
        "invalidity": {H},
        "long enough on": {H},
        "ceiling of the month": {U},
        "ceiling of the year": {U},
    },
    "maximum_billing": {"status": {H}, "right from": {H}, "social ceiling": {U}},
    "social_energy_tariff": {"status": {H}, "right from": {H}, "tariff from": {H}},
    "child_benefit_supplement": {"status": {H}, "child benefit from": {H}, "region of the family": {U}},
    "income_guarantee_elderly": {"age": {H}, "status": {H}, "days abroad at most": {U}},
    "sickness_benefit": {"sick days": {H}, "days of work": {H, N, U}, "hours of work": {H}},
    "unemployment_admission": {
        "age": {H},
        "integration income from": {H},
        "last job until": {H},
        "days of work": {H, U},
        "career for a benefit without limit": {U},
        "days of career, if it was a resignation": {H, U},
    },
}
"""The conditions of each rule, and at least which outcomes of each the cases show."""
NEVER_HELD = {
    "undetermined",
    "not in the declaration",
    "ceiling of the month",
    "ceiling of the year",
    "social ceiling",
    "days abroad at most",
    "workers with this reduction",
    "workers on average",
    "certified cash register",
    "region of the family",
    "career for a benefit without limit",
    "employer class",
    "year of birth + 18",
}
"""What no event shows, and what is named only where it takes the cover away that the worker code gives."""
TARGET_GROUP = "art. 324 and following"
ARTICLES = {
    "structural_reduction": {TARGET_GROUP, "art. 326 to 332"},
    "first_hirings": {TARGET_GROUP, "art. 342 to 345", "Programme law of 30/05/2026, art. 103", "art. 16,"},
    "older_workers": {TARGET_GROUP, "art. 339 par. 1;", "art. 339 par. 1, first paragraph, 3°"},
    "low_skilled_youth": {TARGET_GROUP},
    "no_recent_work_experience": {TARGET_GROUP},
    "working_time_reduction": {TARGET_GROUP},
    "mentors": {TARGET_GROUP},
    "artists": {TARGET_GROUP},
    "horeca_workers": {TARGET_GROUP, "art. 28/7 to 28/10"},
    "income_guarantee": {"art. 29 and 131bis"},
    "allowed_work": {"art. 100 par. 2", "art. 230"},
    "additional_holiday": {"art. 17bis", "art. 3bis and 37quinquies to 37duodecies"},
    "increased_reimbursement": {"art. 37"},
    "increased_reimbursement_income": {"art. 37"},
    "maximum_billing": {"art. 37"},
    "social_energy_tariff": {"art. 37"},
    "sickness_benefit": {"art. 100 and 128"},
    "unemployment_admission": {"art. 30 and following", "reformed by the programme law of 18/07/2025"},
}
"""The articles that stand in traces, by rule; for the other rules no source named one."""


@cache
def traces(rule: str) -> list[list[TraceStep]]:
    """The trace of every finding in the cases of a rule, and of what is claimed and assessed without one."""
    found: list[list[TraceStep]] = []
    assess = RULES[rule].assess if rule in RULES else None
    for example in (one for one in EXAMPLES if one.rule == rule):
        found += [list(finding.trace) for finding in decide(example, LAW)]
        if assess is not None and isinstance(example.situation, Situation):
            found += [list(one.trace()) for one in assess(example.situation, LAW)]
    return found


def named(step: TraceStep) -> str:
    """The name of a condition, the same in each month."""
    return step.step if words.month(step.step) is None else f"{words.base(step.step)} of a month"


def conditions(steps: Iterable[TraceStep]) -> Iterator[TraceStep]:
    return (step for step in steps if step.outcome is not None and step.step != "certainty")


@pytest.mark.parametrize("rule", EVERY)
def test_every_condition_of_a_rule_has_an_outcome_and_every_outcome_is_of_a_condition(rule: str) -> None:
    steps = [step for trace in traces(rule) for step in trace if step.step != "certainty"]
    assert {named(step) for step in steps if step.outcome is not None} == CONDITIONS[rule].keys()
    silent = {named(step) for step in steps if step.outcome is None}
    assert silent & CONDITIONS[rule].keys() == set()


@pytest.mark.parametrize("rule", EVERY)
def test_the_cases_show_every_condition_with_each_of_its_outcomes(rule: str) -> None:
    seen: dict[str, set[ConditionOutcome]] = defaultdict(set)
    for step in conditions(step for trace in traces(rule) for step in trace):
        seen[named(step)].add(step.outcome or UNKNOWN)
    assert CONDITIONS[rule].keys() <= seen.keys()
    assert {name: outcomes - seen[name] for name, outcomes in CONDITIONS[rule].items() if outcomes - seen[name]} == {}


def test_every_condition_is_seen_to_hold_somewhere() -> None:
    held = {name for rule in CONDITIONS.values() for name, outcomes in rule.items() if HELD in outcomes}
    assert {name for rule in CONDITIONS.values() for name in rule} - held == NEVER_HELD


@pytest.mark.parametrize("rule", EVERY)
def test_what_was_not_seen_or_settled_is_an_unknown_condition(rule: str) -> None:
    doubts = [step for trace in traces(rule) for step in trace if step.step == "certainty"]
    assert doubts
    unseen = ("not seen here", "not settled")
    unknown = [step for step in doubts if step.source.startswith(unseen) or step.value == "undetermined"]
    assert [step for step in unknown if step.outcome is not UNKNOWN] == []
    assert [step for step in doubts if step.outcome not in (None, UNKNOWN)] == []


@pytest.mark.parametrize("rule", EVERY)
def test_every_condition_names_its_source_and_the_article_of_the_figures_it_rests_on(rule: str) -> None:
    steps = [step for trace in traces(rule) for step in trace]
    assert steps
    assert [step for step in steps if not step.source.strip()] == []
    lost = [(step.step, row.article) for step in steps for row in step.rows if row.article not in step.source]
    assert lost == []


@pytest.mark.parametrize("rule", EVERY)
def test_the_articles_that_the_sources_give_stand_in_the_traces(rule: str) -> None:
    said = {step.source for trace in traces(rule) for step in trace}
    missing = {article for article in ARTICLES.get(rule, ()) if not any(article in source for source in said)}
    assert missing == set()
    cited = {row.article for trace in traces(rule) for step in trace for row in step.rows if row.article}
    assert bool(cited) <= (rule in ARTICLES)


@pytest.mark.parametrize("rule", EVERY)
def test_an_article_in_the_law_of_a_file_is_one_of_the_articles_in_its_traces(rule: str) -> None:
    """Where the file names an article of its law, the traces name one, too."""
    assert ("art." in LAW[rule].statute) <= (rule in ARTICLES)

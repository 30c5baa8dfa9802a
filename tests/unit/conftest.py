"""What every rule really finds, as a notice tells it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from notifier.notice_content import NoticeFinding, NoticeStep
from rules.casebook.case_file import shipped_cases
from rules.casebook.trial import decide, read
from rules.catalogue import HISTORY_RULES, RULES
from rules.findings.finding import Certainty, Finding
from schemas.identifiers import derive
from tests.builders.law import LAW


def _told(finding: Finding, number: int) -> NoticeFinding:
    record = finding.as_record()
    trace = tuple(NoticeStep(step["step"], step["value"], step["unit"], step["source"]) for step in record["trace"])
    return NoticeFinding(
        "found", derive("finding", str(number)), finding.rule, finding.employer, finding.person, finding.occupation,
        finding.deduction_code, record["amount"], record["claimed"], record["missing"], record["certainty"], trace,
    )  # fmt: skip


@pytest.fixture(scope="session")
def found_by_rule() -> Mapping[str, Sequence[NoticeFinding]]:
    """Everything the rules find in their cases, by rule.

    What is undetermined is told to nobody; of a rule that finds nothing else it is taken as to check.
    """
    found: dict[str, list[NoticeFinding]] = defaultdict(list)
    undetermined: dict[str, list[NoticeFinding]] = defaultdict(list)
    for number, written in enumerate(shipped_cases({*RULES, *HISTORY_RULES})):
        for finding in decide(read(written), LAW):
            told = _told(finding, number)
            if finding.certainty is Certainty.UNDETERMINED:
                undetermined[finding.rule].append(replace(told, certainty="to_check"))
            else:
                found[finding.rule].append(told)
    return {**undetermined, **found}

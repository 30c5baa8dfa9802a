"""Turns a case as a jurist writes it into the events the rules read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from rules.casebook.case_file import WrittenCase
from rules.view.history import PersonHistory
from rules.view.situation import Situation, situation
from schemas.identifiers import quarter_days

PERSON = "85073003328"
EMPLOYER = "0403019261"
FULL_TIME = 38
DECLARED_AFTER = timedelta(days=15)
"""A case is judged this long after its quarter, unless it names a day."""

Case = Mapping[str, Any]
CaseEvent = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """A situation or a history, the day it is judged on, and what must come out: one mapping per finding."""

    name: str
    rule: str
    situation: Situation | PersonHistory
    day: date
    expected: list[Mapping[str, Any]]
    file: str = ""
    line: int = 0


def quarter_example(written: WrittenCase) -> Example:
    """The example in a written case about one quarter."""
    case: Case = cast("Case", written.content)
    last = quarter_days(case["quarter"])[1]
    seen = situation(*events(case), decisions(case))
    day = case.get("on", last + DECLARED_AFTER)
    return Example(case["case"], written.rule, seen, day, case["expect"], written.file, written.line)


def events(case: Case) -> tuple[CaseEvent, CaseEvent, CaseEvent]:
    """The events on wages, working time and contributions; a case about one occupation may omit the lists."""
    lines = [_defaults(line) for line in case.get("lines", [case])]
    return (
        _envelope(case, "wages", [_line(line, _wages) for line in lines]),
        {**_envelope(case, "working-time", [_line(line, _working_time) for line in lines]), "unread": False},
        _envelope(case, "contributions", [_contributions(line) for line in lines]),
    )


def decisions(case: Case) -> list[CaseEvent] | None:
    """What institutions decided about the person; None where the case does not mention it."""
    if "decisions" not in case:
        return None
    return [
        {
            "event": f"decision-{number}",
            "kind": decided["kind"],
            "nature": str(decided.get("nature", "")),
            "from": decided["from"],
            "until": decided.get("until"),
        }
        for number, decided in enumerate(case["decisions"])
    ]


def _envelope(case: Case, kind: str, lines: list[CaseEvent]) -> CaseEvent:
    return {
        "event": kind,
        "declaration": "declaration",
        "version": 1,
        "status": "original",
        "quarter": case["quarter"],
        "employer": EMPLOYER,
        "person": str(case.get("person", PERSON)),
        "lines": lines,
    }


def _defaults(line: Case) -> CaseEvent:
    occupations = line.get("occupations", [line])
    return {
        "employer_class": str(line.get("employer class", "010")),
        "worker_code": str(line.get("worker code", "495")),
        "claimed on the line": line.get("claimed on the line", {}),
        "contributions": line.get("contributions", []),
        "occupations": occupations,
    }


def _line(line: CaseEvent, part: Any) -> CaseEvent:
    return {
        "employer_class": line["employer_class"],
        "worker_code": line["worker_code"],
        "occupations": [
            {"number": number, **part(occupation)} for number, occupation in enumerate(line["occupations"], start=1)
        ],
    }


def _wages(occupation: Case) -> CaseEvent:
    paid = occupation.get("wage", {})
    return {
        "remunerations": [{"code": f"{int(code):03d}", "amount": _hundredths(amount)} for code, amount in paid.items()]
    }


def _working_time(occupation: Case) -> CaseEvent:
    hours, full = occupation.get("contract", (FULL_TIME, FULL_TIME))
    worked = occupation.get("hours", {})
    return {
        "start": occupation.get("from", date(2015, 1, 1)),
        "end": occupation.get("until"),
        "joint_committee": str(occupation.get("joint committee", "200")),
        "days_per_week": _hundredths(occupation.get("days per week", 5)),
        "contract_type": int("contract" in occupation),
        "mean_hours": None if hours is None else _hundredths(hours),
        "reference_hours": None if full is None else _hundredths(full),
        "services": [
            {
                "code": f"{int(code):03d}",
                "days": _hundredths(occupation.get("days", {}).get(code, 0)),
                "hours": _hundredths(worked[code]) if code in worked else None,
            }
            for code in {**occupation.get("days", {}), **worked}
        ],
    }


def _contributions(line: CaseEvent) -> CaseEvent:
    made = _line(line, lambda occupation: {"deductions": _deductions(occupation.get("claimed", {}))})
    due = [{"code": f"{int(code):03d}"} for code in line["contributions"]]
    return {**made, "deductions": _deductions(line["claimed on the line"]), "contributions": due}


def _deductions(claimed: Mapping[Any, Any]) -> list[CaseEvent]:
    return [_deduction(f"{int(code):04d}", taken) for code, taken in claimed.items()]


def _deduction(code: str, taken: Any) -> CaseEvent:
    """An amount, or `{amount, since, shortened: {on, from, to}}`."""
    more = taken if isinstance(taken, Mapping) else {"amount": taken}
    shortened = more.get("shortened")
    return {
        "code": code,
        "amount": _hundredths(more["amount"]),
        "right_start": more.get("since"),
        "detail": shortened
        and {
            "origin_on": shortened.get("on"),
            "hours_before": _maybe(shortened.get("from")),
            "hours_after": _maybe(shortened.get("to")),
        },
    }


def _maybe(value: Any) -> int | None:
    return None if value is None else _hundredths(value)


def _hundredths(value: Any) -> int:
    return int(Decimal(str(value)) * 100)

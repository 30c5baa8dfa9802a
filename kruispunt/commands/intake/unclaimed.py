"""Prints for a payroll clerk what a declaration leaves unclaimed: for whom, how much, why, and where to fill it in."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from kruispunt.output import console, table
from notifier.render.texts import texts
from rules.findings.finding import Certainty, Finding
from schemas.dmfa.code_lists import stands_on_line

SHOWN = 30
"""Persons shown unless all are asked for."""
ENGLISH = "en"
EMPLOYER = "employer"
LINE_BLOCK, OCCUPATION_BLOCK = "90110 (WorkerDeduction)", "90109 (OccupationDeduction)"
CODE_ZONE, AMOUNT_ZONE = "00086", "00089"
DOUBT = "certainty"
COLOUR = {Certainty.CERTAIN: "green", Certainty.LIKELY: "cyan", Certainty.TO_CHECK: "yellow"}


def show(findings: Sequence[Finding], *, everybody: bool) -> None:
    """The totals, then the persons with what is missing, then what nothing can be said of."""
    known = [finding for finding in findings if finding.certainty is not Certainty.UNDETERMINED]
    unknown = [finding for finding in findings if finding.certainty is Certainty.UNDETERMINED]
    _totals(findings)
    persons = _by_person(known)
    chosen = persons if everybody else persons[:SHOWN]
    for (employer, quarter), some in groupby(sorted(chosen, key=_place), key=_place):
        console.print(f"\n[bold]Employer {employer}[/], {quarter}")
        for one in some:
            _person(one)
    if len(chosen) < len(persons):
        left = f"{len(persons) - len(chosen):,} persons with smaller amounts are not shown"
        console.print(f"\n{left}: [bold]--all[/] shows them, [bold]--json[/] every step of every finding.")
    _unknown(unknown)


def _by_person(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings of each person at each employer, the largest sum first."""
    found: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.employer, finding.quarter, finding.person].append(finding)
    return sorted(found.values(), key=lambda some: -_missing(some))


def _place(some: Sequence[Finding]) -> tuple[str, str]:
    return some[0].employer, some[0].quarter


def _missing(findings: Iterable[Finding]) -> Decimal:
    return sum((finding.missing for finding in findings if finding.missing), Decimal(0))


def _title(rule: str) -> str:
    said = texts(ENGLISH)
    name = said.get("rules").get(rule, {}).get("title")
    return str(name or rule.replace("_", " ").capitalize())


def _totals(findings: Sequence[Finding]) -> None:
    persons = len({(finding.employer, finding.person) for finding in findings})
    sure = _missing(finding for finding in findings if finding.certainty.states_an_amount)
    doubtful = _missing(finding for finding in findings) - sure
    console.print(
        f"\n[bold]{sure:,.2f} euro[/] left unclaimed, {doubtful:,.2f} more to check:"
        f" {len(findings):,} findings about {persons:,} persons"
    )
    sureness = [certainty.value for certainty in Certainty]
    shown = table("what", "code", "persons", *sureness, right=("persons", *sureness))
    kinds = Counter((finding.rule, finding.deduction_code or "") for finding in findings)
    for rule, code in kinds:
        some = [finding for finding in findings if (finding.rule, finding.deduction_code or "") == (rule, code)]
        sums = (_sum([finding for finding in some if finding.certainty is certainty]) for certainty in Certainty)
        shown.add_row(_title(rule), code, f"{len({finding.person for finding in some}):,}", *sums)
    console.print(Padding(shown, (1, 0, 0, 2)))


def _sum(findings: Sequence[Finding]) -> str:
    """Euro where there is an amount, else how many."""
    if not findings:
        return ""
    missing = _missing(findings)
    return f"{missing:,.2f}" if missing else f"{len(findings):,} x"


def _person(findings: Sequence[Finding]) -> None:
    console.print(f"\n  [bold]{findings[0].person}[/]")
    for finding in findings:
        colour = COLOUR[finding.certainty]
        amount = "no amount" if finding.missing is None else f"{finding.missing:,.2f} euro"
        console.print(f"    [bold]{_title(finding.rule)}[/]: [bold]{amount}[/]  [{colour}]{finding.certainty.value}[/]")
        said = Table.grid(padding=(0, 1))
        for label, told in (("why", _why(finding)), ("do", fill_in(finding))):
            for number, line in enumerate(told):
                said.add_row("" if number else f"[dim]{label}[/]", escape(line))
        console.print(Padding(said, (0, 0, 0, 6)))


def _why(finding: Finding) -> Iterator[str]:
    """How the amount came about in one line, then each reason for doubt."""
    if finding.amount is not None:
        where = f" ({finding.occupation})" if finding.occupation else ""
        yield f"{finding.amount:,.2f} is due, {finding.claimed:,.2f} is claimed{where}"
    conditions = [step for step in finding.trace if step.step != DOUBT]
    if finding.amount is None and conditions:
        yield "; ".join(
            f"{step.step} {step.value}" + (f" ({step.outcome})" if step.outcome else "") for step in conditions
        )
    for step in finding.trace:
        if step.step == DOUBT:
            yield f"{step.value}: {step.source}"


def fill_in(finding: Finding) -> Iterator[str]:
    """Where in the declaration the reduction goes: block, zone, code; or whom to tell where there is no such place."""
    if finding.deduction_code is None:
        said = texts(ENGLISH)
        yield from (str(deed) for deed in said.get(f"{said.rule(finding.rule, EMPLOYER)}.{EMPLOYER}.do"))
        return
    on_line = stands_on_line(finding.deduction_code)
    block = LINE_BLOCK if on_line else OCCUPATION_BLOCK
    place = f"{'worker line' if on_line else 'occupation'} {finding.occupation}" if finding.occupation else "the person"
    first = "" if finding.certainty.states_an_amount else "if it is right: "
    if finding.claimed:
        change = f"raise zone {AMOUNT_ZONE} from {finding.claimed:.2f} to {finding.amount:.2f}"
        yield f"{first}{change}, code {finding.deduction_code}, in block {block} of {place}"
    else:
        zones = f"zone {CODE_ZONE} = {finding.deduction_code}, zone {AMOUNT_ZONE} = {finding.amount:.2f}"
        yield f"{first}add block {block} to {place}: {zones}"


def _unknown(findings: Sequence[Finding]) -> None:
    """What nothing can be said of, by reason: there is nothing to do about one person."""
    if not findings:
        return
    reasons = Counter((finding.rule, _reason(finding)) for finding in findings)
    console.print("\n[bold]Not known[/], so nothing is said of an amount:")
    for (rule, reason), number in reasons.most_common():
        console.print(Padding(f"{number:,} x {_title(rule)}: {escape(reason)}", (0, 0, 0, 2)))


def _reason(finding: Finding) -> str:
    """Why nothing is known: the doubt that says so, else the condition that has no law."""
    doubts = [step.source for step in finding.trace if step.step == DOUBT and step.value == Certainty.UNDETERMINED]
    lawless = [f"{step.value}: {step.source}" for step in finding.trace if step.step == Certainty.UNDETERMINED]
    return (doubts or lawless or ["no reason is given"])[-1]

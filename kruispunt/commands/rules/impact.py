"""Shows who would gain and who would lose under another law: counts and sums by rule, persons only on request."""

import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.padding import Padding

from backbone import postgres
from backbone.errors import Reject
from backbone.schema_topic import published_book
from kruispunt import settings
from kruispunt.commands.rules.law import as_known
from kruispunt.output import Exit, as_json, console, euro, fail, progress, readable, table
from producers.intake.person_events import DeclaredEvents, watch
from rules.casebook.case_events import DECLARED_AFTER
from rules.catalogue import HISTORY_RULES, RULES
from rules.findings.finding import Finding
from rules.law.law import Law
from rules.law.load import law_in_folder, law_in_texts, parameter_files, shipped_law
from rules.law.parse import WrongParameters
from rules.law.variants import UnknownFigure, frozen_on, with_figures
from rules.questions.impact import Asked, Changed, ImpactTally, compare
from rules.questions.looks import RecordedLook
from rules.stream.evidence import FactReader
from rules.stream.held_facts import ENTITLEMENTS, HeldFacts, decisions, situation
from rules.view.history import PersonHistory, QuarterAtEmployer, Worked, history, history_of, worked
from rules.view.situation import Situation
from rules.view.situation import situation as declared
from schemas.identifiers import quarter_days, quarter_of
from schemas.roles import Role

CATALOGUE = "rules/catalogue"
STACK = "stack"
KNOWN = "known:"
"""The role that may look at facts; each look is an act."""
AT_ONCE = 5_000
"""Situations and histories that are compared at a time, which bounds memory."""


def named_law(text: str, shipped: Law) -> Law:
    """The law a person names: in a folder, as known on a day, that of one day for all days, or in a revision."""
    if text.startswith(KNOWN):
        try:
            return as_known(date.fromisoformat(text.removeprefix(KNOWN)), shipped)
        except ValueError:
            fail(Exit.WRONG_USE, f"{text} names no day.", "Write known:2026-11-23, for instance.")
    if Path(text).is_dir():
        return _read(lambda: law_in_folder(Path(text), shipped), text)
    try:
        return frozen_on(date.fromisoformat(text), shipped)
    except ValueError:
        return _read(lambda: law_in_texts(_revision(text), shipped), text)


def _read(read: Callable[[], Law], text: str) -> Law:
    try:
        return read()
    except WrongParameters as error:
        problems = "\n  ".join(map(str, error.problems))
        fail(Exit.WRONG_USE, f"The figures of {text} cannot be used.\n  {problems}", "Nothing was compared.")


def _revision(text: str) -> dict[str, str]:
    """The files of parameters in a revision of the repository that contains this program."""
    root = Path(__file__).parents[1]
    found = {}
    for name in parameter_files():
        # A revision never begins with a dash: it must not become an option of git.
        shown = None if text.startswith("-") else _git("-C", str(root), "show", f"{text}:{CATALOGUE}/{name}.yaml")
        if shown is not None:
            found[name] = shown
    if not found:
        remedy = "Give a day (2026-07-01), known:DAY, a folder of YAML files, or a revision of the repository."
        fail(Exit.WRONG_USE, f"{text} is neither a day nor a folder nor a revision with figures.", remedy)
    return found


def _git(*arguments: str) -> str | None:
    try:
        # In a git hook, GIT_DIR and similar variables name another repository.
        mine = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", *arguments], env=mine, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    except (OSError, ValueError):
        # Some texts, e.g. with NUL, cannot be passed to a program at all.
        return None
    return done.stdout if done.returncode == 0 else None


def diff(before: str, after: str, data: list[Path], *, persons: bool, json: bool) -> int:
    """The command `rules diff`: 0 when nothing changes, 1 otherwise."""
    shipped = shipped_law()
    laws = (named_law(before, shipped), before), (named_law(after, shipped), after)
    return _compare(*laws, data, persons=persons, json=json)


def what_if(changes: list[str], data: list[Path], *, persons: bool, json: bool) -> int:
    """The command `rules what-if`: the figures in force against the same with some of them changed."""
    shipped = shipped_law()
    try:
        after = with_figures(shipped, changes)
    except UnknownFigure as error:
        fail(Exit.WRONG_USE, str(error).replace("\n", "\n  "), "`kruispunt rules show RULE` has series and figures.")
    return _compare((shipped, "in force"), (after, ", ".join(changes)), data, persons=persons, json=json)


def _compare(before: tuple[Law, str], after: tuple[Law, str], data: list[Path], *, persons: bool, json: bool) -> int:
    tallies = {rule: ImpactTally() for rule in (*RULES, *HISTORY_RULES)}
    total: Counter[type] = Counter()
    waiting: list[Asked] = []
    with progress() as bar:
        task = bar.add_task("comparing", total=None)
        for asked in _stored(persons=persons) if data == [Path(STACK)] else _declared(_files(data)):
            waiting.append(asked)
            if len(waiting) == AT_ONCE:
                total += _decide(tallies, before[0], after[0], waiting, persons=persons)
                bar.advance(task, AT_ONCE)
        total += _decide(tallies, before[0], after[0], waiting, persons=persons)
    if json:
        as_json(_document(tallies, total, before[1], after[1], persons=persons))
    else:
        _show(tallies, total, before[1], after[1], persons=persons)
    return Exit.NO if any(one.differs for one in tallies.values()) else Exit.DONE


def _decide(
    tallies: dict[str, ImpactTally], before: Law, after: Law, waiting: list[Asked], *, persons: bool
) -> Counter[type]:
    """Compare what waits; how many situations and histories it was."""
    compare(tallies, before, after, waiting, keep=persons)
    number = Counter(type(about) for about, _ in waiting)
    waiting.clear()
    return number


def _files(data: list[Path]) -> list[Path]:
    files = [file for one in data for file in (sorted(one.glob("*.xml")) if one.is_dir() else [one])]
    readable(files)
    if not files:
        fail(Exit.WRONG_USE, "There is no DmfA file there.", "Name files, a folder of *.xml, or `stack`.")
    return files


def _declared(files: list[Path]) -> Iterator[Asked]:
    """The situations in files, and the history in each single declaration; a file that would be refused ends it."""
    for file in files:
        asked: list[Asked] = []

        def see(one: DeclaredEvents, asked: list[Asked] = asked) -> None:
            seen = declared(one.wages, one.working_time, one.contributions)
            asked.extend(((seen, one.day), (history_of(seen), one.day)))

        try:
            accepted = watch(file, see).accepted
        except Reject as error:
            fail(Exit.WRONG_USE, f"{file}: {error.reason}", error.remedy or "")
        if not accepted:
            fail(Exit.WRONG_USE, f"{file} would be refused.", "`kruispunt check` says why. Nothing was compared.")
        yield from asked


def _stored(*, persons: bool) -> Iterator[Asked]:
    """What the rules have stored, person by person."""
    config = settings.load()
    reader = FactReader(published_book(config, Role.JURIST))
    with postgres.connect(config, Role.JURIST) as connection:
        look = RecordedLook.at_everything(connection, numbers=persons)
        for person, facts in groupby(look.everything(), lambda fact: fact.key.person):
            yield from of_person(person, {fact.key: fact for fact in facts}, reader)


def of_person(person: bytes, held: HeldFacts, reader: FactReader) -> Iterator[Asked]:
    """The situations of a person, each judged as if declared soon after its quarter, and then the history.

    That is judged soon after the last quarter with work, or in which a decision begins.
    """
    work: dict[QuarterAtEmployer, tuple[Worked, ...]] = {}
    decided = list(decisions(person, held, reader))
    for slot in sorted({fact.slot for fact in held.values() if fact.key.kind != ENTITLEMENTS}):
        seen = situation(slot, held, reader)
        if seen is not None:
            work[slot.quarter, slot.employer] = worked(seen)
            yield seen, soon_after(slot.quarter)
    quarters = {*(quarter for quarter, _ in work), *(quarter_of(one.start) for one in decided)}
    if quarters:
        number = reader(next(iter(held.values())))["person"]
        yield history(number, work, decided), soon_after(max(quarters))


def soon_after(quarter: str) -> date:
    """The day on which a quarter is judged."""
    return quarter_days(quarter)[1] + DECLARED_AFTER


def _document(
    tallies: dict[str, ImpactTally], total: Counter[type], before: str, after: str, *, persons: bool
) -> dict[str, Any]:
    return {
        "from": before,
        "to": after,
        "situations": total[Situation],
        "histories": total[PersonHistory],
        "rules": [
            {
                "rule": rule,
                "gaining": one.gaining,
                "gained": euro(one.gained),
                "losing": one.losing,
                "lost": euro(one.lost),
                "net": euro(one.gained - one.lost),
                "otherwise": one.otherwise,
                "unknown": one.unknown,
                "same": one.same,
                **({"persons": [_changed(change) for change in one.changed]} if persons else {}),
            }
            for rule, one in tallies.items()
        ],
    }


def _changed(change: Changed) -> dict[str, Any]:
    one = change.before or change.after
    where = {name: getattr(one, name) for name in ("employer", "person", "quarter", "occupation")}
    return {**where, "verdict": change.verdict.value, **_sides(change)}


def _sides(change: Changed) -> dict[str, Any]:
    return {"before": _side(change.before), "after": _side(change.after), "gain": euro(change.gain)}


def _side(finding: Finding | None) -> dict[str, str | None] | None:
    if finding is None:
        return None
    amount = None if finding.amount is None else f"{finding.amount:.2f}"
    return {"amount": amount, "certainty": finding.certainty.value}


def _show(tallies: dict[str, ImpactTally], total: Counter[type], before: str, after: str, *, persons: bool) -> None:
    numbers = f"{total[Situation]:,} situations and {total[PersonHistory]:,} histories"
    console.print(f"{numbers}, [bold]{before}[/] against [bold]{after}[/]\n", soft_wrap=True)
    counted = ("gaining", "losing", "otherwise", "unknown", "same")
    money = ("gained", "lost", "net")
    shown = table("rule", *counted, *money, right=(*counted, *money))
    for rule, one in tallies.items():
        sums = (one.gained, one.lost, one.gained - one.lost)
        shown.add_row(
            rule.replace("_", " "),
            *(f"{getattr(one, name):,}" for name in counted),
            *(f"{cents / 100:,.2f}" for cents in sums),
        )
    console.print(shown)
    console.print("\nWhat the law gives is compared, whether it was taken up or not. Findings; euro.", style="dim")
    console.print(
        "Rights over the history of a person have no amount: had or not, or other in their figures.", style="dim"
    )
    for rule, one in tallies.items() if persons else ():
        for change in sorted(one.changed, key=lambda one: -abs(one.gain or 0)):
            about = change.before or change.after
            if about is not None:
                gain = change.verdict.value if not change.gain else f"{change.gain / 100:+,.2f}"
                place = f"{about.employer} {about.person} {about.quarter} {about.occupation or ''}"
                console.print(Padding(f"{rule.replace('_', ' ')}: {place} {gain}", (0, 0, 0, 2)))

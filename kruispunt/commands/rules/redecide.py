"""Applies law that changed backwards to what was decided before: everybody it may touch is decided again, on record."""

import time
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from psycopg import Connection

from backbone import postgres
from kruispunt import settings
from kruispunt.output import Exit, as_json, console, errors, fail, progress
from rules.law.dated_figures import FigureRow
from rules.law.knowledge import last_known, learned_since
from rules.law.load import parameter_files, shipped_law
from schemas.identifiers import derive, quarter_of
from schemas.roles import Role

BEGIN = "select rules.begin_redecision(%s, %s, %s, %s, %s)"
PROGRESS = "select persons, decided, changed from rules.law_change where change = %s"
PROBLEMS = "select problem, count(*) from rules.redecision where change = %s and problem is not null group by problem"
LOOK_S = 0.5
PATIENCE_S = 30.0
STANDING = "Nobody was decided for half a minute. `kruispunt status` shows if `rules` runs; it must be of this release."
FIRST_QUARTER = "0001Q1"
"""Before every quarter: for figures that always held."""


class Redecided(NamedTuple):
    """How many persons may be touched, how many of them are decided again, and how many findings changed."""

    persons: int
    decided: int
    changed: int


def redecide(since: date | None, rule: str | None, reason: str, *, wait: bool, json: bool) -> int:
    """The command `rules redecide`: 0 when everybody is decided again, 1 when somebody could not be."""
    law = shipped_law()
    name = None if rule is None else rule.replace("-", "_")
    if name not in (None, *parameter_files()):
        fail(Exit.WRONG_USE, f"There is no rule {rule}.", "`kruispunt rules list` names them.")
    day = since or last_known(law)
    learned = learned_since(day, law, name)
    if not learned:
        fail(Exit.NO, f"No figure is known since {day} that was not known before.", "Nothing was decided again.")
    quarter = min(map(_first_quarter, learned))
    change = derive("law change", f"{day}", *(row.version for row in learned))
    with postgres.connect(settings.load(), Role.OPERATOR, autocommit=True) as connection:
        versions = [row.version for row in learned]
        connection.execute(BEGIN, (change, day, versions, quarter, reason))
        if not json:
            _announce(learned, day, quarter)
        if wait:
            _wait(connection, change)
        counted = Redecided(*_one(connection, PROGRESS, change))
        problems: dict[str, int] = dict(connection.execute(PROBLEMS, (change,)).fetchall())
    if json:
        as_json(_document(change, day, versions, quarter, counted, problems))
    else:
        _show(counted, problems)
    return Exit.NO if problems else Exit.DONE


def _first_quarter(row: FigureRow) -> str:
    return FIRST_QUARTER if row.start == date.min else quarter_of(row.start)


def _wait(connection: Connection[Any], change: str) -> None:
    """Show how far it is until nobody waits any more; who interrupts stops the watching only."""
    moved, before = time.monotonic(), -1
    with progress() as bar:
        task = bar.add_task("deciding again", total=None)
        while True:
            counted = Redecided(*_one(connection, PROGRESS, change))
            if counted.decided != before:
                moved, before = time.monotonic(), counted.decided
            elif time.monotonic() - moved > PATIENCE_S:
                errors.print(STANDING, style="yellow")
                moved = float("inf")
            bar.update(task, total=counted.persons, completed=counted.decided)
            if counted.decided >= counted.persons:
                return
            time.sleep(LOOK_S)


def _one(connection: Connection[Any], query: str, change: str) -> tuple[Any, ...]:
    row = connection.execute(query.encode(), (change,)).fetchone()
    assert row is not None  # noqa: S101 - it was written a moment ago
    return tuple(row)


def _announce(learned: Sequence[FigureRow], day: date, quarter: str) -> None:
    figures = sorted({(row.file.removesuffix(".yaml").replace("_", " "), row.series) for row in learned})
    console.print(f"{len(learned)} rows of figures are known since {day}, in {len(figures)} series:")
    for file, series in figures:
        console.print(f"  {file}: {series}", soft_wrap=True, highlight=False)
    console.print(f"They may change what was decided from {quarter} on.")


def _show(counted: Redecided, problems: dict[str, int]) -> None:
    if counted.decided < counted.persons:
        waiting = counted.persons - counted.decided
        console.print(f"{waiting:,} of {counted.persons:,} persons wait; `kruispunt status` shows how many are left.")
        return
    mark = "[bold red]✗[/]" if problems else "[bold green]✓[/]"
    console.print(f"{mark} {counted.decided:,} persons decided again, {counted.changed:,} findings changed")
    for problem, number in problems.items():
        console.print(f"  {number:,} could not be decided: {problem}", highlight=False)
    if problems:
        console.print("  What was found about them stays as it was. Run the command again when the fault is mended.")


def _document(
    change: str, day: date, versions: list[str], quarter: str, counted: Redecided, problems: dict[str, int]
) -> dict[str, Any]:
    return {
        "change": change,
        "known_since": day.isoformat(),
        "figures": versions,
        "from_quarter": quarter,
        "persons": counted.persons,
        "decided": counted.decided,
        "changed": counted.changed,
        "problems": problems,
    }

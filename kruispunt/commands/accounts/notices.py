"""The commands about notices, and the effect ledger."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from backbone import postgres
from backbone.stack.places import write_private
from consumers import acts
from kruispunt import settings
from kruispunt.commands.accounts.folded_ledger import fold
from kruispunt.monitoring.ledger import LedgerRow, counted_anew, rows
from kruispunt.output import Exit, as_json, console, fail, table, working
from notifier import ledger as notifier_ledger
from notifier.letter.reprint import reprint
from schemas.roles import Role


def notices(*, json: bool) -> None:
    """Every notice with its state and its findings; recipients are opaque ids."""
    with postgres.connect(settings.load(), Role.INSPECTOR) as connection:
        found = [notifier_ledger.legible(one) for one in notifier_ledger.notices(connection)]
    if json:
        as_json(found)
        return
    counted = Counter((one["state"], one["channel"] or "", one["language"]) for one in found)
    shown = table("state", "channel", "language", "notices", right=("notices",))
    for (state, channel, language), number in sorted(counted.items()):
        shown.add_row(state, channel, language, f"{number:,}")
    console.print(shown)


def ledger(*, json: bool, recount: bool = False, every: bool = False) -> int:
    """The effect ledger; 0 only when nothing was lost and nothing came twice.

    `recount`: also what should be held, derived from what was accepted, against what is held. `every`: a line for each
    effect instead of one for each stage.
    """
    config = settings.load()
    with working("comparing every effect"):
        counted = rows(config)
    if recount:
        with working("recounting what each institution holds"):
            counted += counted_anew(config)
    balanced = all(row.difference == 0 for row in counted)
    if json:
        as_json(
            {
                "balanced": balanced,
                "rows": [
                    {"effect": row.effect, "expected": row.expected, "found": row.found, "difference": row.difference}
                    for row in counted
                ],
            }
        )
        return Exit.DONE if balanced else Exit.NO
    show = _show_effects if every else _show_stages
    show(counted)
    console.print("[bold green]✓ balanced[/]" if balanced else "[bold red]✗ not balanced[/]")
    return Exit.DONE if balanced else Exit.NO


def _show_stages(counted: Sequence[LedgerRow]) -> None:
    """One line for each stage, then every effect that differs."""
    figures = ("pairs", "expected", "found", "difference")
    shown = table("stage", *figures, right=figures)
    lines = fold(counted)
    for line in lines:
        mark = "[green]0[/]" if not line.differences else f"[bold red]{line.differences:,}[/]"
        shown.add_row(line.stage, f"{line.comparisons:,}", f"{line.expected:,}", f"{line.found:,}", mark)
    console.print(shown)
    if wrong := [row for line in lines for row in line.wrong]:
        console.print()
        _show_effects(wrong)
    console.print("[dim]`kruispunt ledger --all` shows every pair.[/]")


def _show_effects(counted: Sequence[LedgerRow]) -> None:
    shown = table("effect", "expected", "found", "difference", right=("expected", "found", "difference"))
    for row in counted:
        mark = "[green]0[/]" if not row.difference else f"[bold red]{row.difference:+,}[/]"
        shown.add_row(row.effect, f"{row.expected:,}", f"{row.found:,}", mark)
    console.print(shown)


def resolve(notice: str, *, arrived: bool) -> int:
    """Take a notice out of doubt on somebody's word; 1 when it was not in doubt."""
    with postgres.connect(settings.load(), Role.NOTIFIER) as connection, connection.transaction():
        done = notifier_ledger.resolve(connection, notice, arrived=arrived)
        if done:
            acts.note(connection, "resolved a notice in doubt", notice, arrived=arrived)
        else:
            # What was given may be anything, also somebody's number.
            acts.note(connection, "was refused to resolve a notice", "a notice", arrived=arrived)
    if not done:
        fail(Exit.NO, f"{notice} is not in doubt.", "`kruispunt notices --json` has the state of every notice.")
    console.print("[bold green]✓[/] " + ("it counts as handed over" if arrived else "it goes out by letter"))
    return Exit.DONE


def _cannot_write(out: Path, error: OSError) -> NoReturn:
    fail(Exit.WRONG_USE, f"{out} cannot be written: {error.strerror}.", "Name a file in a folder that exists.")


def _try_to_write(out: Path) -> None:
    """End where a file cannot be written, before anything is on record about it."""
    beside = out.with_name(f".{out.name}.empty")
    try:
        write_private(beside, b"")
        beside.unlink()
    except OSError as error:
        _cannot_write(out, error)


def letter(notice: str, out: Path) -> int:
    """Write the letter of a notice, for the recipient who asked for it by its reference; 1 when there is none.

    Either is on record before: an act is committed, then the letter is written.
    """
    notice = notice.strip().lower()
    with postgres.connect(settings.load(), Role.NOTIFIER) as connection:
        with connection.cursor() as cursor:
            printed = reprint(cursor, notice)
        if printed:
            _try_to_write(out)
            acts.note(connection, "printed the letter of a notice", notice)
        else:
            # What was given may be anything, also somebody's number.
            acts.note(connection, "was refused a letter", "a notice")
    if not printed:
        fail(Exit.NO, f"There is no letter for {notice}.", "`kruispunt notices --json` has every notice.")
    try:
        write_private(out, printed.pdf)
    except OSError as error:
        _cannot_write(out, error)
    console.print(f"[bold green]✓[/] {out}: post it to the address in its window", soft_wrap=True)
    return Exit.DONE

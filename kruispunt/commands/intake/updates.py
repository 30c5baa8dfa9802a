"""Prints what an update would change, and what must be stored for it to be about the last situation."""

from collections.abc import Sequence
from typing import Any

from rich.markup import escape

from kruispunt.output import console
from producers.intake.dmfa.updates.content import UpdatedDeclaration
from schemas.dmfa.update_tables import Corrected, UpdateAction, actions

NAMES: dict[Corrected, str] = {
    "line": "worker_lines",
    "vehicle": "vehicles",
    "contribution": "unrelated_contributions",
}
"""What an action is about, as the JSON calls it."""
QUOTED = {
    "persons": "persons",
    "lines": "worker_lines",
    "occupations": "occupations",
    "vehicles": "vehicles",
    "contributions": "unrelated_contributions",
}
"""What is quoted with a version number, as the JSON calls it."""
DONE = {
    UpdateAction.DELETE: "deleted",
    UpdateAction.CHANGE: "changed",
    UpdateAction.CREATE: "created",
    UpdateAction.UNCHANGED: "left as they are",
}


def as_json(update: UpdatedDeclaration) -> dict[str, Any]:
    """One corrected declaration of a file, as in the JSON output."""
    return {
        "declaration": update.id,
        "employer": update.employer,
        "quarter": update.quarter,
        "persons": update.persons,
        "actions": {
            name: {
                action.name.lower(): update.actions[what, action]
                for action, rules in actions().items()
                if what in rules.applies_to
            }
            for what, name in NAMES.items()
        },
        "needs": {
            "employer_declaration_pid": str(update.pid),
            **{name: update.quoted[what] for what, name in QUOTED.items()},
            "justification_if_lower": update.unjustified,
        },
    }


def show(updates: Sequence[UpdatedDeclaration]) -> None:
    """What each update of a file would change, for a person."""
    for update in updates:
        _show(update)
    console.print("\n  `kruispunt submit` does not take updates in yet.", soft_wrap=True)


def _show(update: UpdatedDeclaration) -> None:
    employer = escape(update.employer)
    console.print(f"\n  [bold]Employer {employer}[/], {update.quarter}: {update.persons:,} persons", soft_wrap=True)
    for what, name in NAMES.items():
        done = [f"{number:,} {DONE[action]}" for action in UpdateAction if (number := update.actions[what, action])]
        if done:
            console.print(f"    {name.replace('_', ' ')}: {', '.join(done)}", soft_wrap=True)
    quoted = [
        f"{number:,} {name.replace('_', ' ')}" for what, name in QUOTED.items() if (number := update.quoted[what])
    ]
    with_numbers = f", and {', '.join(quoted)} with the version numbers that the file quotes" if quoted else ""
    needed = f"declaration {update.pid}{with_numbers}"
    console.print(f"    it needs, stored as the last situation: {needed}", soft_wrap=True)
    if update.unjustified:
        whose = f"{update.unjustified:,} persons without a justification (zone 00545)"
        console.print(f"    it is late: the remuneration of {whose} may not become lower", soft_wrap=True)

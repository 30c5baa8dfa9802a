"""Loads the profiles and dossiers of a folder; again changes nothing, and what changed something is an act."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from backbone import postgres, settings
from consumers.audit import acts
from consumers.directory import loading as directory
from kruispunt.output import Exit, console, errors, fail
from notifier import profiles

OPERATOR = "operator"


class Loaded(Protocol):
    """What a loader says: how many entries changed."""

    @property
    def changed(self) -> int:
        """Entries that were not there, or otherwise."""


FILES: dict[str, tuple[str, Callable[[Any, Path], Loaded]]] = {
    "persons.jsonl": ("profiles of persons", profiles.load),
    "employers.jsonl": ("profiles of employers", profiles.load),
    "directory.jsonl": ("dossiers", directory.load),
}


def load(folder: Path) -> int:
    """Load what of these files the folder holds."""
    found = {folder / name: entry for name, entry in FILES.items() if (folder / name).is_file()}
    if not found:
        fail(Exit.WRONG_USE, f"{folder} holds none of {', '.join(FILES)}.", "Make one with `kruispunt generate`.")
    with postgres.connect(settings.load(), OPERATOR) as connection:
        for path, (what, loader) in found.items():
            with errors.status(f"loading {what}"), connection.transaction():
                changed = loader(connection, path).changed
                if changed:
                    acts.note(connection, f"loaded {what}", path.name, changed=changed)
            console.print(f"[bold green]✓[/] {what}: {changed:,} new or changed")
    return Exit.DONE

"""Loads the profiles and dossiers of a folder, all or nothing; each change is recorded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from psycopg import Rollback

from backbone import postgres
from backbone.jsonlines import NOTHING_LOADED, Refused
from consumers import acts
from consumers.directory import alarms
from consumers.directory import file_loader as directory
from kruispunt import settings
from kruispunt.monitoring.alarms import tell
from kruispunt.output import Exit, console, fail, readable, working
from notifier import profiles
from schemas.roles import Role


class LoadResult(Protocol):
    """What a loader says: how many entries changed."""

    @property
    def changed(self) -> int:
        """Entries that were not there, or otherwise."""


FILES: dict[str, tuple[str, Callable[[Any, Path], LoadResult]]] = {
    "persons.jsonl": ("profiles of persons", profiles.load),
    "employers.jsonl": ("profiles of employers", profiles.load),
    "directory.jsonl": ("dossiers", directory.load),
}


def load(folder: Path) -> int:
    """Load what of these files the folder holds: all of them, or nothing when anything is wrong in any."""
    found = {folder / name: entry for name, entry in FILES.items() if (folder / name).exists()}
    if not found:
        fail(Exit.WRONG_USE, f"{folder} holds none of {', '.join(FILES)}.", "Make one with `kruispunt generate`.")
    readable(list(found))
    counts: dict[str, int] = {}
    refused: dict[Path, Refused] = {}
    with postgres.connect(settings.load(), Role.OPERATOR) as connection:
        with connection.transaction() as whole:
            for path, (what, loader) in found.items():
                try:
                    with working(f"loading {what}"), connection.transaction():
                        counts[what] = loader(connection, path).changed
                        # Dossiers are an act where they are taken in.
                        if counts[what] and loader is not directory.load:
                            acts.note(connection, f"loaded {what}", path.name, changed=counts[what])
                except Refused as error:
                    refused[path] = error
            raised = alarms.raised(connection)
            if refused:
                raise Rollback(whole)
        for path, refusal in refused.items():
            acts.note(connection, f"was refused a file of {found[path][0]}", path.name, faults=refusal.faults)
    if refused:
        fail(Exit.WRONG_USE, "\n".join(refusal.reason for refusal in refused.values()), NOTHING_LOADED)
    tell(raised)
    for what, changed in counts.items():
        console.print(f"[bold green]✓[/] {what}: {changed:,} new or changed")
    return Exit.DONE

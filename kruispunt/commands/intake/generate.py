"""Generates declarations that take every reduction the rules see as due, except a share that is meant to be missed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from backbone.trouble import of_storage
from kruispunt.output import Exit, console, fail, progress
from population.generate import WrongRequest
from population.generate import generate as generate_files
from rules.catalogue import structural_reduction, work_bonus
from rules.findings.deduction import Assessment
from rules.law.law import Law
from rules.law.load import shipped_law
from rules.view.situation import Situation, situation

RULES: dict[str, Callable[[Situation, Law], Iterable[Assessment]]] = {
    structural_reduction.CODE: structural_reduction.assess,
    work_bonus.CODE: work_bonus.assess,
}


def due(law: Law, events: Mapping[str, Any]) -> Mapping[str, Mapping[str, int]]:
    """What each deduction rule gives for these events, in cents, by occupation and deduction code."""
    seen = situation(events["wages"], events["working-time"], events["contributions"])
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for code, assess in RULES.items():
        for one in assess(seen, law):
            if one.due:
                found[one.label][code] = one.due
    return found


def generate(*, persons: int, quarter: str, out: Path, seed: int) -> None:
    """Write the folder and say what is in it."""
    law = shipped_law()
    with progress() as bar:
        task = bar.add_task("Generating persons", total=persons)
        try:
            made = generate_files(
                persons,
                quarter,
                out,
                seed,
                progress=lambda done, _: bar.update(task, completed=done),
                due=partial(due, law),
            )
        except WrongRequest as error:
            fail(Exit.WRONG_USE, f"{error}.", "Give --persons and --quarter within these limits.")
        except OSError as error:
            if full := of_storage(error, error.filename or out):
                raise full from error
            fail(Exit.WRONG_USE, f"{error.filename or out} cannot be written: {error.strerror}.", "Give another --out.")
    console.print(
        f"{made.persons} persons with {made.jobs} jobs at {made.employers} employers, in {made.files} DmfA files; "
        f"{made.decisions} decisions of institutions, {made.dossiers} dossiers; "
        f"{made.planted} rights and reductions that nobody took up (truth.jsonl)."
    )

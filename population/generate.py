"""Generates a quarter of declarations and the people in it: the same request always gives the same bytes."""

import re
from collections.abc import Callable
from pathlib import Path

from population.declare import Generation, Summary
from population.output_folder import OutputFolder
from population.persons import Population
from population.reductions import ComputeDue
from population.working_time import Calendar

QUARTER = re.compile(r"\d{4}Q[1-4]")
FIRST_QUARTER = "2017Q1"
"""Students are declared in hours from this quarter on (zone 01158)."""

UNCLAIMED = 0.08
DEFAULT_SEED = 20030101

ReportProgress = Callable[[int, int], None]


class WrongRequest(ValueError):
    """The population that was asked for cannot be made: the message says what is possible."""


def generate(
    persons: int,
    quarter: str,
    out: Path,
    seed: int = DEFAULT_SEED,
    progress: ReportProgress | None = None,
    *,
    due: ComputeDue | None = None,
    unclaimed: float = UNCLAIMED,
) -> Summary:
    """Write a population of `persons` and the declarations of `quarter` (`2026Q3`) into the folder `out`.

    `due` computes the reductions somebody is entitled to; all are taken except the share `unclaimed`. Without it no
    declaration takes any reduction. `progress` is told how many persons are done and how many there are.
    Raises WrongRequest.
    """
    if not QUARTER.fullmatch(quarter) or quarter < FIRST_QUARTER:
        raise WrongRequest(f"{quarter!r} is not a quarter from {FIRST_QUARTER} on, e.g. 2026Q3")
    population = Population(seed, quarter)
    if not 1 <= persons <= population.size:
        raise WrongRequest(f"{persons} persons: between 1 and {population.size} can be made")
    run = Generation(persons, Calendar(quarter), population, due, unclaimed, Summary())
    with OutputFolder(out, quarter) as folder:
        for one, random in run.employers(seed):
            run.declare(one, random, folder)
            if progress:
                progress(run.summary.persons, persons)
        run.summary.files = folder.files
    return run.summary

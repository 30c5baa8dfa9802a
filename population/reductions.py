"""Claims the reductions that are due, except for a known share that is omitted or too small, and records which."""

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from population.worker_lines import PersonEvents, RecordPart
from schemas.dmfa.code_lists import stands_on_line

ComputeDue = Callable[[Mapping[str, RecordPart]], Mapping[str, Mapping[str, int]]]
"""What the law gives to the person in these events (by kind), in cents: {"495/1": {"3000": 41250}, "015": {"0001": 9}}.

A worker line with one occupation goes by the name of that occupation, one with several by its worker code alone.
"""

FORGOTTEN = 0.7
"""Of the reductions that are planted as missed, the share that is left out whole; the rest is taken too small."""

CLAIMED = "claimed"
LEAST_TAKEN, MOST_TAKEN = 40, 90


def _deduction(code: str, amount: int, *, on_line: bool) -> dict[str, Any]:
    more: dict[str, Any] = {"details": []} if on_line else {"detail": None}
    return {
        "code": code,
        "basis": None,
        "amount": amount,
        "right_start": None,
        "management_months": None,
        "replaced_person": None,
        "opening_person": None,
        "certificate_origin": None,
        **more,
    }


def _taken(due: int, random: Random, unclaimed: float) -> tuple[int, str]:
    roll, part = random.random(), random.random()
    if roll >= unclaimed:
        return due, CLAIMED
    if roll < unclaimed * FORGOTTEN:
        return 0, "left out"
    return due * int(LEAST_TAKEN + part * (MOST_TAKEN - LEAST_TAKEN)) // 100, "short"


def claim(events: PersonEvents, due: ComputeDue, random: Random, unclaimed: float) -> list[dict[str, Any]]:
    """Write the reductions into the contributions event; returns what was planted, as in truth.jsonl."""
    wages, time, contributions = events
    law = due({"wages": wages, "working-time": time, "contributions": contributions})
    planted = []
    for label, code, holder in _places(contributions, law):
        amount = law[label][code]
        taken, how = _taken(amount, random, unclaimed)
        if taken:
            holder["deductions"] = [*holder["deductions"], _deduction(code, taken, on_line=stands_on_line(code))]
        if how != CLAIMED:
            planted.append(
                {
                    "person": contributions["person"],
                    "employer": contributions["employer"],
                    "quarter": contributions["quarter"],
                    "occupation": label,
                    "deduction_code": code,
                    "planted": how,
                    "due": amount,
                    "claimed": taken,
                }
            )
    return planted


def _places(contributions: RecordPart, law: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, str, RecordPart]]:
    """Name, code and record of each line and occupation to which something is due."""
    for line in contributions["lines"]:
        worker_code, occupations = line["worker_code"], line["occupations"]
        several = len(occupations) != 1
        for label, holder, on_line in [
            (f"{worker_code}" if several else f"{worker_code}/{occupations[0]['number']}", line, True),
            *((f"{worker_code}/{one['number']}", one, False) for one in occupations),
        ]:
            for code, amount in sorted(law.get(label, {}).items()):
                if amount > 0 and stands_on_line(code) is on_line:
                    yield label, code, holder

"""Computes the contributions of a worker line, at rates close to the real ones, so that a form adds up plausibly."""

from typing import Any

from population.careers import STATUTORY_CODE

WORKER_RATE = 1307
EMPLOYER_RATE = 2500
EMPLOYER_RATE_MARIBEL = 3240
STUDENT_RATE = 814
HEALTH_RATE, PENSION_RATE = 881, 4350
"""Statutory staff: health care, and the pension of the public sector."""

FLEXI_RATE, FLEXI_RATE_BEFORE_2024 = 2800, 2500
APPRENTICE_RATE = 450
MANUAL_BASE = 108
"""Percentage of the gross wage of a manual worker on which contributions are counted."""

MARIBEL_COMMITTEES = ("318", "330", "331")
SHELTERED_CODES = frozenset({"012", "492"})
APPRENTICE_CODES = frozenset({"035", "439"})
FLEXI_CODES = frozenset({"050", "450"})
SPECIAL_FROM = 600_000
SPECIAL_RATE = 110
SPECIAL_HIGHEST = 18_282

Contribution = dict[str, Any]


def _of(basis: int, rate: int) -> int:
    return (basis * rate + 5000) // 10000


def _line(code: str, kind: int, basis: int | None, amount: int) -> Contribution:
    return {"code": code, "type": kind, "basis": basis, "amount": amount, "first_hired_on": None}


def student_contribution(gross: int) -> int:
    """The solidarity contribution of a student (zone 00077)."""
    return _of(gross, STUDENT_RATE)


def contributions(
    worker_code: str, committee: str, gross: int, *, size: int, commercial: bool, quarter: str
) -> list[Contribution]:
    """The contribution lines (block 90001) of a worker line with this gross wage in cents."""
    if worker_code in FLEXI_CODES:
        rate = FLEXI_RATE if quarter >= "2024Q1" else FLEXI_RATE_BEFORE_2024
        return [_line(worker_code, 0, gross, _of(gross, rate))]
    if worker_code == STATUTORY_CODE:
        health = _line(worker_code, 0, gross, _of(gross, HEALTH_RATE))
        return [health, _line("815", 1, gross, _of(gross, PENSION_RATE))]
    manual = worker_code.startswith("0")
    basis = (gross * MANUAL_BASE + 50) // 100 if manual else gross
    if worker_code in APPRENTICE_CODES:
        return [_line(worker_code, int(manual), basis, _of(basis, APPRENTICE_RATE))]
    # Sheltered workers too: a lower rate would leave less than the reductions that the law as sourced gives them.
    employer = EMPLOYER_RATE_MARIBEL if committee.startswith(MARIBEL_COMMITTEES) else EMPLOYER_RATE
    found = [_line(worker_code, int(manual), basis, _of(basis, WORKER_RATE + employer))]
    if commercial:
        found.append(_line("809", 5 if size >= 20 else 0, basis, _of(basis, 18 if size >= 20 else 13)))
        found.append(_line("810", 0, basis, _of(basis, 10)))
    else:
        found.append(_line("811", 0, basis, _of(basis, 2)))
    if size >= 10 and worker_code not in SHELTERED_CODES:
        found.append(_line("855", 0, basis, _of(basis, 169)))
    if gross > SPECIAL_FROM:
        found.append(_line("856", 0, None, min(SPECIAL_HIGHEST, _of(gross - SPECIAL_FROM, SPECIAL_RATE) + 5580)))
    found.append(_line("859", 0, basis, _of(basis, 10)))
    return found

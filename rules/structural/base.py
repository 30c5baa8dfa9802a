"""Reckons the base contributions of one occupation: what all its reductions together cannot exceed."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from rules.exact import cents, half_up, scaled
from rules.finding import Certainty, Doubt
from rules.structural.terms import RATE, General
from rules.worker import Occupation


@dataclass(frozen=True, slots=True)
class Base:
    """Eurocents: `amount` with the 108 % of manual workers, `plain` without, `maribel` what may come off first."""

    amount: int
    plain: int
    maribel: int
    known: General

    def doubts(self, total: int) -> Iterator[Doubt]:
        """Why reductions that come to `total` may yet exceed the contributions."""
        if self.amount != self.plain and total > self.plain:
            yield Doubt(Certainty.TO_CHECK, f"it reaches the base contributions: {self.known.manual.cited}")
        if self.maribel and total > self.amount - self.maribel:
            yield Doubt(Certainty.TO_CHECK, f"the Social Maribel comes off first: {self.known.maribel.cited}")


def base(occupation: Occupation, known: General, category: str, share: tuple[int, int], *, manual: bool) -> Base:
    """The base contributions; `share` is mu and mu_glob x 100, by which the Social Maribel is split."""
    rate = scaled(known.base.number("rate_2" if category == "2" else "rate"), RATE)
    wage = occupation.wage(known.wage_codes)
    if known.high_wage.number("exempt"):
        wage = min(wage, cents(known.high_wage.number("ceiling")))
    factor = scaled(known.manual.number("factor"), 100) if manual else 100
    maribel = half_up(cents(_maribel(occupation, known, category)) * share[0], max(share[1], 1))
    return Base(half_up(wage * rate * factor, RATE * 100), half_up(wage * rate, RATE), maribel, known)


def _maribel(occupation: Occupation, known: General, category: str) -> Decimal:
    if category == "2":
        return known.maribel.number("amount")
    if occupation.joint_committee.split(".")[0] in known.maribel.codes("category_1"):
        return known.maribel.number("amount_category_1")
    return Decimal(0)

"""The law as a value: all dated figures the rules decide by, passed to every decision."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar, TypeVarTuple, cast

from rules.law.dated_figures import Parameters

Arguments = TypeVarTuple("Arguments")
Computed = TypeVar("Computed")
REMEMBERED = 65_536
"""Results of one function that are kept: more than the days, quarters and birth dates that occur."""


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """The parameters of every rule by the name of their file; other figures are another law, equal to no other one."""

    parameters: Mapping[str, Parameters]

    def __getitem__(self, name: str) -> Parameters:
        """The parameters of a rule, or those that several rules share."""
        return self.parameters[name]


def per_law(compute: Callable[[Law, *Arguments], Computed]) -> Callable[[Law, *Arguments], Computed]:
    """Compute figures once for each law and arguments. The law is part of the key, so two laws never share any."""
    return cast("Callable[[Law, *Arguments], Computed]", lru_cache(REMEMBERED)(compute))

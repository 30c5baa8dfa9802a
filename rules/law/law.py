"""The law as a value: all dated figures the rules decide by, passed to every decision."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, TypeVarTuple

from rules.law.dated_figures import Parameters

Arguments = TypeVarTuple("Arguments")
Computed = TypeVar("Computed")
ABSENT = object()


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """The parameters of every rule by the name of their file; other figures are another law.

    What is computed from these figures is kept with them and is gone when they are.
    """

    parameters: Mapping[str, Parameters]
    computed: dict[Callable[..., Any], dict[tuple[Any, ...], Any]] = field(default_factory=dict, init=False, repr=False)

    def __getitem__(self, name: str) -> Parameters:
        """The parameters of a rule, or those that several rules share."""
        return self.parameters[name]


def per_law(compute: Callable[[Law, *Arguments], Computed]) -> Callable[[Law, *Arguments], Computed]:
    """Compute figures once for each law and arguments; the law keeps them, so two laws never share any."""

    @wraps(compute)
    def once(law: Law, *arguments: *Arguments) -> Computed:
        known = law.computed.get(compute)
        if known is None:
            known = law.computed[compute] = {}
        found: Computed = known.get(arguments, ABSENT)
        if found is ABSENT:
            found = known[arguments] = compute(law, *arguments)
        return found

    return once

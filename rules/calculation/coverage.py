"""Determines whether a worker line is subject to all branches, to some of them, or whether that is not settled."""

from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from rules.findings.finding import DID_NOT_HOLD, HELD, UNKNOWN, TraceStep
from rules.law.dated_figures import FigureRow, citing
from rules.law.law import Law, per_law
from rules.view.ages import birth
from rules.view.worker_line import DeclaredLine
from schemas.identifiers import quarter_days


class Cover(Enum):
    """Whether a reduction can apply to a worker line."""

    COVERED = "covered"
    NOT_COVERED = "not covered"
    UNSETTLED = "not settled"


@dataclass(frozen=True, slots=True)
class Subjection:
    """Whether a reduction can apply to one worker line, and the source."""

    cover: Cover
    manual: bool
    why: TraceStep
    doubts: tuple[str, ...] = ()
    """Why it is not settled."""
    too_young: bool = False
    """Whether the person is under the limited subjection of the young."""


OUTCOMES = {Cover.COVERED: HELD, Cover.NOT_COVERED: DID_NOT_HOLD, Cover.UNSETTLED: UNKNOWN}


def _subjection(
    cover: Cover, manual: bool, why: TraceStep, doubts: tuple[str, ...] = (), *, too_young: bool = False
) -> Subjection:
    """A subjection; the condition that `why` states has the outcome that the cover implies."""
    return Subjection(cover, manual, replace(why, outcome=OUTCOMES[cover]), doubts, too_young)


SUBJECTION = "subjection"


def young(person: str, quarter: str, law: Law) -> bool | None:
    """Whether the person is still under the limited subjection of the young; None when the year of birth is unknown."""
    born = birth(person)
    return None if born is None else born.year >= _born_from(law, quarter)


@per_law
def _born_from(law: Law, quarter: str) -> int:
    """The first year of birth of those who are young in a quarter."""
    first, _ = quarter_days(quarter)
    return first.year - int(law[SUBJECTION].at("age of limited subjection", first).number("years"))


@per_law
def _all_branches(law: Law, employer_class: str, worker_code: str, day: date) -> Subjection:
    every, limited = law[SUBJECTION].at("all branches", day), law[SUBJECTION].at("limited", day)
    public, age = law[SUBJECTION].at("public employers", day), law[SUBJECTION].at("age of limited subjection", day)
    manual = worker_code in every.codes("manual")
    if worker_code in limited.codes("codes"):
        return _subjection(Cover.NOT_COVERED, manual, TraceStep("worker code", worker_code, None, limited.cited))
    if employer_class in public.codes("codes"):
        return _subjection(Cover.NOT_COVERED, manual, TraceStep("employer class", employer_class, None, public.cited))
    settled = worker_code in every.codes("codes")
    doubts = () if settled else (f"not settled whether worker code {worker_code} is covered",)
    source = citing(every.cited, every, limited, public, age)
    cover = Cover.COVERED if settled else Cover.UNSETTLED
    return _subjection(cover, manual, TraceStep("worker code", worker_code, None, source), doubts)


@per_law
def _personal(law: Law, worker_code: str, day: date) -> Subjection:
    every, more = law[SUBJECTION].at("all branches", day), law[SUBJECTION].at("personal contributions", day)
    limited, sport = law[SUBJECTION].at("limited", day), law[SUBJECTION].at("flat-rate sport", day)
    age = law[SUBJECTION].at("age of limited subjection", day)
    manual = worker_code in every.codes("manual") | more.codes("manual")
    for out in (limited, sport):
        if worker_code in out.codes("codes"):
            return _subjection(Cover.NOT_COVERED, manual, TraceStep("worker code", worker_code, None, out.cited))
    settled = worker_code in every.codes("codes") | more.codes("codes")
    doubts = () if settled else (f"not settled whether worker code {worker_code} owes 13.07 %",)
    source = citing(every.cited, every, more, limited, sport, age)
    cover = Cover.COVERED if settled else Cover.UNSETTLED
    return _subjection(cover, manual, TraceStep("worker code", worker_code, None, source), doubts)


def _still_young(person: str, quarter: str, found: Subjection, law: Law) -> Subjection:
    under_age = young(person, quarter, law)
    if under_age is False:
        return found
    if found.cover is Cover.NOT_COVERED:
        return replace(found, too_young=bool(under_age))
    cited = law[SUBJECTION].at("age of limited subjection", quarter_days(quarter)[0]).cited
    if under_age:
        why = TraceStep("year of birth + 18", "not over", None, cited)
        return _subjection(Cover.NOT_COVERED, found.manual, why, too_young=True)
    doubt = f"the year of birth is unknown, and with it whether somebody is under limited subjection: {cited}"
    return _subjection(Cover.UNSETTLED, found.manual, found.why, (*found.doubts, doubt), too_young=found.too_young)


def all_branches(line: DeclaredLine, person: str, quarter: str, law: Law) -> Subjection:
    """Whether the line is subject to all branches, as employer reductions require."""
    found = _all_branches(law, line.employer_class, line.worker_code, quarter_days(quarter)[0])
    return _still_young(person, quarter, found, law)


def personal_contributions(line: DeclaredLine, person: str, quarter: str, law: Law) -> Subjection:
    """Whether the line owes the full personal contribution, as the work bonus requires."""
    return _still_young(person, quarter, _personal(law, line.worker_code, quarter_days(quarter)[0]), law)


def perhaps_all_branches(line: DeclaredLine, person: str, quarter: str, law: Law) -> bool:
    """Whether the line is subject to all branches by its codes, and the person is not known to be too young."""
    settled = _all_branches(law, line.employer_class, line.worker_code, quarter_days(quarter)[0])
    return settled.cover is Cover.COVERED and not young(person, quarter, law)


def private_job(employer_class: str, worker_code: str, quarter: str, law: Law) -> bool:
    """Whether a job is in the private sector: subject to all branches, and so to its annual holidays."""
    return _all_branches(law, employer_class, worker_code, quarter_days(quarter)[0]).cover is Cover.COVERED


def private_rows(day: date, law: Law) -> tuple[FigureRow, ...]:
    """The rows of figures that define a job of the private sector."""
    return tuple(law[SUBJECTION].at(name, day) for name in ("all branches", "limited", "public employers"))

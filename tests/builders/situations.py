"""What the rules look at, from a case as a jurist writes it."""

from rules.casebook.case_events import Case, decisions, events
from rules.view.situation import Situation, situation


def situation_of(case: Case) -> Situation:
    """The quarter of a case with the decisions it names; decisions are unknown where it names none."""
    return situation(*events(case), decisions(case))

"""Checks the action of each block of an update: it goes with what is quoted and with what is declared."""

from collections.abc import Callable, Iterator

from lxml.etree import _Element

from producers.intake.anomalies import Anomalies
from producers.intake.dmfa.block_types import HEAD, BlockCheck, BlockRecords
from schemas.dmfa.tables import Zone
from schemas.dmfa.update_tables import ActionRules, Corrected, UpdateAction, actions, left_out


def _rules(action: int | None, what: Corrected) -> ActionRules | None:
    """What an action asks for; None where it was not read, or is refused for this kind of block."""
    rules = None if action is None else actions()[UpdateAction(action)]
    return rules if rules and what in rules.applies_to else None


def _applies(element: _Element, action: int | None, what: Corrected, anomalies: Anomalies) -> None:
    """Report an action that this kind of block does not have."""
    if action is not None and _rules(action, what) is None:
        label = "UpdateAction"
        message = f"Action {action} is for worker lines only. Leave the block out when it does not change."
        anomalies.tell(child_or_self(element, label), "00618-174", label, message, blocking=True)


def child_or_self(element: _Element, name: str) -> _Element:
    """Where an anomaly of a child is told: at the child, or where it should be."""
    child = element.find(name)
    return element if child is None else child


def last_situation(what: Corrected, number: str, label: str) -> Callable[[str], BlockCheck]:
    """Whether the last situation is quoted where there is one, and only there."""

    def made(_quarter: str) -> BlockCheck:
        def check(element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
            rules = _rules(outs[HEAD].get("content", {}).get("action"), what)
            if rules is None:
                return
            quoted = element.find(label)
            if rules.last_situation == "always" and quoted is None:
                message = f"{label} is missing. Quote the class, code and version number that are stored."
                anomalies.tell(element, f"{number}-001", label, message, below=label, blocking=True)
            elif rules.last_situation == "never" and quoted is not None:
                message = "What is created has no last situation. Take it out, or change what there is (action 1)."
                anomalies.tell(quoted, f"{number}-090", label, message, blocking=True)

        return check

    return made


def whole(what: Corrected, then: Callable[[str], BlockCheck] | None = None) -> Callable[[str], BlockCheck]:
    """Whether a block that is changed or created holds all that an original holds, and whether that agrees (`then`)."""

    def made(quarter: str) -> BlockCheck:
        agrees = then(quarter) if then else None

        def check(element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
            action = outs[HEAD].get("action")
            _applies(element, action, what, anomalies)
            rules = _rules(action, what)
            if rules is None or not rules.whole:
                return
            for code, label, message in _missing(element):
                anomalies.tell(element, code, label, message, below=label, blocking=True)
            if agrees:
                agrees(element, outs, anomalies)

        return check

    return made


def _missing(element: _Element) -> Iterator[tuple[str, str, str]]:
    """What a block must hold that is changed or created."""
    zones: tuple[Zone, ...] = left_out()[str(element.tag)]
    for zone in zones:
        if element.find(zone.element) is None:
            message = f"{zone.element} is missing. Give all of what is changed or created."
            yield f"{zone.number}-001", zone.element, message
    if element.tag == "WorkerRecordUpdateAction" and element[-1].tag == "UpdateAction":
        message = "The line is empty. Give all of what is changed or created, or delete the line (action 0)."
        yield "90211-090", "OccupationUpdate", message


def vehicle(_quarter: str) -> BlockCheck:
    """Whether the action is one that vehicles have, and the version is quoted of what is deleted."""

    def check(element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
        action = outs[HEAD].get("action")
        _applies(element, action, "vehicle", anomalies)
        rules = _rules(action, "vehicle")
        label = "CompanyVehicleVersionNbr"
        if rules is not None and rules.vehicle_version == "always" and element.find(label) is None:
            message = f"{label} is missing. Quote the version number that is stored of what is deleted."
            anomalies.tell(element, "00782-001", label, message, below=label, blocking=True)

    return check

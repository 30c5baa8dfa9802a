"""Loads the form of updates (DMFAUPD) as data: its blocks, mostly with the zones of an original, and its actions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Literal

from schemas.dmfa.tables import Block, Child, TableRow, Zone, blocks, read_child, read_zone, rows

UPDATE_ROOT = "DmfAUpdate"
FOLDER = "update"
JUSTIFIED_AFTER = 2
"""Quarters after the declared one; lower remuneration after these must be justified (zone 00545)."""
Presence = Literal["always", "may", "never"]
Corrected = Literal["line", "vehicle", "contribution"]
"""What an action is about: a worker line, a company vehicle, a contribution not bound to a person."""


class UpdateAction(IntEnum):
    """What an update does with a block (zone 00618)."""

    DELETE = 0
    CHANGE = 1
    CREATE = 3
    UNCHANGED = 9


@dataclass(frozen=True, slots=True)
class ActionRules:
    """What an action asks for. `whole` means that the block holds all that an original would."""

    applies_to: frozenset[str]
    last_situation: Presence
    whole: bool
    vehicle_version: Presence
    may_lower_wages: bool


@cache
def actions() -> dict[UpdateAction, ActionRules]:
    """What each action asks for, by the pages of zones and blocks in NSSO's glossary of the update form."""
    return {
        UpdateAction(int(row["code"])): ActionRules(
            applies_to=frozenset(row["applies_to"].split("|")),
            last_situation=row["last_situation"],  # type: ignore[arg-type]  # held by a test
            whole=row["content"] == "whole",
            vehicle_version=row["vehicle_version"],  # type: ignore[arg-type]  # held by a test
            may_lower_wages=row["may_lower_wages"] == "1",
        )
        for row in rows(f"{FOLDER}/actions.csv")
    }


def _zones(inherited: Iterable[Zone], own: Iterable[TableRow]) -> tuple[Zone, ...]:
    """The zones of the block of an original, some of them replaced, with those that only an update has."""
    found = {zone.element: zone for zone in inherited}
    for row in own:
        zone = read_zone(row)
        known = zone.element in found
        found[zone.element] = zone
        if row["after"] and not known:
            order = list(found)
            place = order.index(row["after"]) + 1
            found = {name: found[name] for name in (*order[:place], zone.element, *order[place:-1])}
    return tuple(found.values())


def _variants(parent: str, children: tuple[Child, ...], choices: Iterable[TableRow]) -> Iterator[tuple[Child, ...]]:
    """The ways to go on after the zones; one of them may be not to go on, which is a variant without children."""
    own = [row for row in choices if row["parent"] == parent]
    if not own:
        yield children
    for variant in dict.fromkeys(row["variant"] for row in own):
        yield tuple(read_child(row) for row in own if row["variant"] == variant and row["element"])


@cache
def update_blocks() -> dict[str, Block]:
    """Every block of an update by its XML name."""
    tree, zones, choices = (rows(f"{FOLDER}/{name}.csv") for name in ("blocks", "zones", "choices"))
    found = {}
    for row in tree:
        element, number = row["element"], row["block"]
        if element == row["zones_of"] and not any(zone["block"] == number for zone in zones):
            found[element] = blocks()[element]
            continue
        children = tuple(read_child(below) for below in tree if below["parent"] == element)
        inherited = blocks()[row["zones_of"]].zones if row["zones_of"] else ()
        found[element] = Block(
            number=number,
            element=element,
            name=row["name"],
            repeats=row["max"] != "1",
            zones=_zones(inherited, (zone for zone in zones if zone["block"] == number)),
            children=children,
            variants=tuple(_variants(element, children, choices)),
        )
    return found


@cache
def left_out() -> dict[str, tuple[Zone, ...]]:
    """By block of an update, the zones that only a block that is not `whole` may leave out."""
    return {
        row["element"]: tuple(
            zone
            for zone in blocks()[row["zones_of"]].zones
            if zone.least and any(own.element == zone.element and not own.least and own.most for own in found.zones)
        )
        for row in rows(f"{FOLDER}/blocks.csv")
        if row["zones_of"] and (found := update_blocks()[row["element"]])
    }

"""The tables of the update form say what NSSO's schema says, where that is at hand; where not, they are their own."""

import copy
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import get_args

import pytest
from lxml import etree

from producers.intake.anomalies import Anomaly
from producers.intake.event_encoder import EventEncoder
from producers.intake.file_validation import judge
from schemas.dmfa.forms import FORMS, ORIGINAL, UPDATE, all_blocks
from schemas.dmfa.tables import blocks, rows
from schemas.dmfa.update_tables import Presence, UpdateAction, actions, left_out, update_blocks
from tests.builders.tables_as_schema import schema_of
from tests.builders.updates import SOUND_UPDATE

ROOT = Path(__file__).parents[2]
OFFICIAL = Path(os.environ.get("KRUISPUNT_DMFA", ROOT.parent / "shared" / "dmfa"))
"""Where NSSO's schema and sample lie, when somebody has them; without them the tests about them are not there."""
SCHEMA = OFFICIAL / "xsd" / "DmfAUpdate_20223.xsd"
SAMPLE = OFFICIAL / "samples" / "DmfAUpdate_20223_1.xml"


def anomalies(path: Path) -> tuple[Anomaly, ...]:
    """What `check` tells of an update."""
    found = judge(path, EventEncoder(lambda *_: None, trace=""), updates=lambda _: None)
    assert found.accepted == all(anomaly.severity != "blocking" for anomaly in found.anomalies.entries)
    return tuple(found.anomalies.entries)


def test_every_block_of_an_update_has_the_zones_of_an_original_but_for_those_that_its_own_table_names() -> None:
    own = {(row["block"], row["element"]) for row in rows("update/zones.csv")}
    compared = 0
    for row in rows("update/blocks.csv"):
        if row["zones_of"]:
            here, there = update_blocks()[row["element"]].zones, blocks()[row["zones_of"]].zones
            assert [zone for zone in here if (row["block"], zone.element) not in own] == [
                zone for zone in there if (row["block"], zone.element) not in own
            ]
            compared += 1
    assert compared > 20


def test_every_own_zone_of_an_update_stands_in_its_block() -> None:
    found = {(block.number, zone.element) for block in update_blocks().values() for zone in block.zones}
    named = {(row["block"], row["element"]) for row in rows("update/zones.csv")}
    assert len(named) > 20
    assert named <= found
    occupation = [zone.element for zone in update_blocks()["OccupationUpdate"].zones]
    assert occupation.index("OccupationVersionNbr") == occupation.index("ActivityCode") + 1


def test_the_forms_share_no_name_of_a_block_that_differs_but_the_form_itself() -> None:
    differing = {name for name, block in update_blocks().items() if blocks().get(name, block) != block}
    assert differing == {"Form"}
    assert all_blocks()[UPDATE.form].number == all_blocks()[ORIGINAL.form].number
    assert {form.root for form in FORMS.values()} == set(FORMS)


def test_every_action_says_what_it_asks_for() -> None:
    assert set(actions()) == set(UpdateAction)
    presences = {rules.last_situation for rules in actions().values()}
    presences |= {rules.vehicle_version for rules in actions().values()}
    assert presences == set(get_args(Presence))
    assert actions()[UpdateAction.UNCHANGED].applies_to == {"line"}
    assert {zone.number for zone in left_out()["WorkerRecordUpdateAction"]} == {"00038", "00039", "00040"}


WAYS = ("delete", "twice", "later", "name", "attribute", "inside", "between")
TEXTS = ("", "x", "-1", "0", "9", "99", "9" * 12, "9" * 21, "2022-02-30", " 1 ", "1.5", "é", "a" * 600, "1" * 5000)
INSIDE = {"attribute", "inside", "between"}
MUTATIONS = 2_000
"""Updates in which one thing is changed, by dice that fall the same every time."""


def _change(element: etree._Element, way: str) -> bool:
    parent, follower = element.getparent(), element.getnext()
    if way.startswith("text "):
        element.text = way.removeprefix("text ")
    elif way == "attribute":
        element.set("a", "1")
    elif way == "inside":
        etree.SubElement(element, "Inside")
    elif way == "between" and len(element):
        element[0].tail = "between"
    elif parent is None:
        return False
    elif way == "delete":
        parent.remove(element)
    elif way == "twice":
        element.addnext(copy.deepcopy(element))
    elif way == "name":
        element.tag = "Unknown"
    elif way == "later" and follower is not None and follower.tag != element.tag:
        follower.addnext(element)
    else:
        return False
    return True


def _unnumbered(path: str) -> str:
    """A path without the number of what is the first of its kind."""
    return re.sub(r"\[1\]", "", path)


def mutations() -> Iterator[tuple[str, str, str, etree._ElementTree]]:
    """What was changed, the paths of the changed element and of the block around it, and the changed update."""
    dice = Random(20223)  # noqa: S311  # the same mutations every time, no secret
    sound = etree.ElementTree(etree.fromstring(SOUND_UPDATE.encode()))
    places = list(sound.iter())
    done = 0
    while done < MUTATIONS:
        index = dice.randrange(len(places))
        ways = WAYS if len(places[index]) else (*WAYS, *(f"text {text}" for text in TEXTS))
        way = dice.choice(ways)
        changed = copy.deepcopy(sound)
        element = list(changed.iter())[index]
        path, parent = changed.getpath(element), element.getparent()
        if _change(element, way):
            done += 1
            above = path if parent is None else changed.getpath(parent)
            yield f"{way[:30]} at {path}", _unnumbered(path), _unnumbered(above), changed


BEYOND = {"001", "004", "006", "008", "084", "090"}
"""What is told of an update that its schema takes: it is empty, asked for by an action, twice, no code, no number."""


LISTS = frozenset(zone.element for block in update_blocks().values() for zone in block.zones if zone.codes)
"""Zones whose domain is a code list: NSSO's schema has some of these lists, ours has none."""


def _disagreement(what: str, place: str, above: str, valid: bool, told: tuple[Anomaly, ...]) -> str:
    """Where reading a changed update says otherwise than its schema, or points elsewhere; empty where it agrees."""
    blocking = [anomaly for anomaly in told if anomaly.severity == "blocking"]
    if valid:
        beyond = {anomaly.code[-3:] for anomaly in blocking} - BEYOND
        return f"{what}: taken by the schema, told {sorted(beyond)}" if beyond else ""
    at = {_unnumbered(anomaly.path) for anomaly in blocking}
    within = place if what.startswith(("text", *INSIDE)) else above
    if any(within in (path, path.rpartition("/")[0]) for path in at):
        return ""
    return f"{what}: {'told at ' + ', '.join(sorted(at)) if at else 'accepted'}"


def test_mutated_updates_get_the_verdict_of_the_schema_at_the_changed_element(tmp_path: Path) -> None:
    path, ours = tmp_path / "changed.xml", schema_of(UPDATE)
    official = etree.XMLSchema(etree.parse(SCHEMA)) if SCHEMA.is_file() else None
    refused, wrong = 0, []
    for what, place, above, changed in mutations():
        changed.write(path, encoding="utf-8")
        valid = ours.validate(changed)
        if official is not None:
            theirs = official.validate(changed)
            if theirs != valid and place.rpartition("/")[2].partition("[")[0] not in LISTS:
                wrong.append(f"{what}: {'taken' if theirs else 'refused'} by NSSO's schema, not by our tables")
            valid = theirs
        refused += not valid
        wrong.append(_disagreement(what, place, above, valid, anomalies(path)))
    assert [what for what in wrong if what] == []
    assert refused > MUTATIONS // 2


def test_our_own_update_is_sound_by_the_schemas() -> None:
    sound = etree.fromstring(SOUND_UPDATE.encode())
    schemas = [schema_of(UPDATE), *([etree.XMLSchema(etree.parse(SCHEMA))] if SCHEMA.is_file() else [])]
    assert [schema.validate(sound) for schema in schemas] == [True] * len(schemas)


if SAMPLE.is_file():

    @pytest.fixture
    def sample(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
        def written(codes: dict[str, str]) -> Path:
            text = SAMPLE.read_text("utf-8")
            for old, new in codes.items():
                assert old in text
                text = text.replace(old, new)
            path = tmp_path / "sample.xml"
            path.write_text(text, "utf-8")
            return path

        return written

    def test_the_official_update_is_told_exactly_its_placeholder_codes(
        sample: Callable[[dict[str, str]], Path],
    ) -> None:
        found = [(anomaly.code, anomaly.severity) for anomaly in anomalies(SAMPLE)]
        assert set(found) == {(code, "blocking") for code in ("00062-008", "00086-008", "00046-008")}
        assert len(found) == 8
        codes = {"<ServiceCode>999<": "<ServiceCode>001<", "<DeductionCode>9999<": "<DeductionCode>3000<",
                 "<JointCommissionNbr>000<": "<JointCommissionNbr>200<"}  # fmt: skip
        assert "blocking" not in {anomaly.severity for anomaly in anomalies(sample(codes))}

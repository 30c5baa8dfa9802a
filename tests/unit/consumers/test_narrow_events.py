"""A copy holds what its deliberation permits and nothing else; whoever gets none is refused with a reason."""

import json
from datetime import date
from io import BytesIO
from itertools import count
from random import Random
from typing import Any

import fastavro
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.deliberations import RULES, load, read
from consumers.directory import Dossier
from consumers.narrowing.access import NOT_AUTHORISED, NOT_IN_PERIOD, NOT_INTEGRATED, NOT_THAT_QUALITY, Access
from consumers.narrowing.narrow import Narrowed, PublishedEvent, narrow, persons
from consumers.narrowing.projection import Projection, in_force, projections
from schemas.codec import decode_body, encode_body
from schemas.contracts import Contract, contract, contracts
from schemas.fields import DELIBERATION, ENVELOPE, REPLAY, TRAIL, grantable, leaves, walk
from schemas.identifiers import inss
from schemas.samples import sample
from schemas.topics import DECLARATIONS

TODAY = date(2026, 11, 1)
WAGES, WORKING_TIME, CONTRIBUTIONS, ENTITLEMENTS = DECLARATIONS
IN_FORCE = in_force(projections(load()), TODAY)
ALL = Access(IN_FORCE)
INSTITUTIONS_ONLY = Access([one for one in IN_FORCE if one.recipient != RULES])
ANN, BOB = inss(850101001, after_2000=False), inss(850101002, after_2000=False)
OPEN = date(2020, 1, 1)
UNEMPLOYED = Dossier("rva", "18/1", OPEN, None)
MANUAL = Dossier("rjv", "10/10", OPEN, None)
SICK = Dossier("nic", "11/2", OPEN, None)


def event(of: str, person: str = ANN, /, **changes: Any) -> PublishedEvent:
    return PublishedEvent(contract(of), encode_body(contract(of), sample(of) | {"person": person} | changes))


@pytest.mark.parametrize(
    "older", [one for one in contracts() if one.name in DECLARATIONS], ids=lambda one: f"{one.name} {one.id}"
)
def test_an_event_of_every_version_of_its_contract_is_copied_for_everybody_entitled(older: Contract) -> None:
    record = sample(older.name) | {"person": ANN}
    known = {field["name"] for field in older.schema["fields"]}
    body = encode_body(older, {name: value for name, value in record.items() if name in known})
    narrowed = narrow([PublishedEvent(older, body)], ALL, {ANN: [UNEMPLOYED, MANUAL, SICK]})
    assert narrowed.copies
    newest = narrow([event(older.name)], ALL, {ANN: [UNEMPLOYED, MANUAL, SICK]})
    assert narrowed.copies == newest.copies


def told(of: str, /, *dossiers: Dossier, access: Access = INSTITUTIONS_ONLY, **changes: Any) -> Narrowed:
    return narrow([event(of, **changes)], access, {ANN: list(dossiers)})


def reasons(narrowed: Narrowed) -> dict[str, str]:
    return {one.recipient: one.reason for one in narrowed.refusals}


def recipients(narrowed: Narrowed) -> list[str]:
    return sorted(one.projection.recipient for one in narrowed.copies)


def test_a_holiday_fund_never_sees_the_remuneration_of_a_person_it_does_not_know() -> None:
    wages = [event(WAGES, ANN), event(WAGES, BOB)]
    narrowed = narrow(wages, INSTITUTIONS_ONLY, {ANN: [MANUAL]})
    assert [(one.source, one.projection.recipient) for one in narrowed.copies] == [(0, "rjv")]
    assert (1, "rjv", NOT_INTEGRATED) in [(one.source, one.recipient, one.reason) for one in narrowed.refusals]


def test_without_a_deliberation_nothing_is_copied() -> None:
    assert recipients(told(WAGES, MANUAL, access=Access([]))) == []


def test_an_institution_that_knows_the_person_but_may_not_see_the_kind_is_not_authorised() -> None:
    assert reasons(told(WAGES, UNEMPLOYED))["rva"] == NOT_AUTHORISED


def test_an_institution_that_asks_for_nothing_is_not_refused() -> None:
    assert "famifed" not in reasons(told(WAGES, UNEMPLOYED))


@pytest.mark.parametrize(
    ("since", "until", "reason"),
    [
        (date(2026, 9, 30), None, None),
        (date(2026, 10, 1), None, NOT_IN_PERIOD),
        (OPEN, date(2026, 7, 1), None),
        (OPEN, date(2026, 6, 30), NOT_IN_PERIOD),
        (date(2026, 8, 3), date(2026, 8, 3), None),
    ],
)
def test_a_dossier_counts_when_it_touches_the_quarter(since: date, until: date | None, reason: str | None) -> None:
    narrowed = told(WAGES, Dossier("rjv", "10/10", since, until), quarter="2026Q3")
    assert reasons(narrowed).get("rjv") == reason
    assert recipients(narrowed) == ([] if reason else ["rjv"])


def test_another_quality_does_not_open_the_door() -> None:
    narrowed = told(WORKING_TIME, Dossier("rva", "18/3", OPEN, None))
    assert recipients(narrowed) == []
    assert reasons(narrowed)["rva"] == NOT_THAT_QUALITY


def test_two_legal_bases_give_two_copies_each_with_its_own_fields() -> None:
    narrowed = told(WORKING_TIME, Dossier("nic", "11/1", OPEN, None), SICK)
    assert sorted(one.projection.deliberation for one in narrowed.copies) == ["19/140@1", "22/015@1"]
    assert "nic" not in reasons(narrowed)


def test_the_rules_receive_everybody() -> None:
    assert [recipients(told(kind, access=ALL)) for kind in DECLARATIONS] == [[RULES]] * 4


def test_a_decision_goes_by_its_own_period_and_kind() -> None:
    incapacity: dict[str, Any] = {
        "kind": "incapacity",
        "from": date(2024, 5, 1),
        "until": date(2024, 5, 31),
        "quarter": "2024Q2",
    }
    inside, after = Dossier("rva", "18/1", date(2024, 5, 31), None), Dossier("rva", "18/1", date(2024, 6, 1), None)
    assert recipients(told(ENTITLEMENTS, inside, **incapacity)) == ["rva"]
    assert reasons(told(ENTITLEMENTS, after, **incapacity))["rva"] == NOT_IN_PERIOD
    benefit = incapacity | {"kind": "child_benefit"}
    assert recipients(told(ENTITLEMENTS, inside, **benefit)) == []
    assert reasons(told(ENTITLEMENTS, inside, **benefit))["rva"] == NOT_AUTHORISED


def test_a_decision_without_end_reaches_who_knows_the_person_later() -> None:
    later = Dossier("rva", "18/1", date(2026, 1, 1), None)
    invalidity: dict[str, Any] = {"kind": "invalidity", "from": OPEN, "until": None}
    assert recipients(told(ENTITLEMENTS, later, **invalidity)) == ["rva"]


@pytest.mark.parametrize("kind", DECLARATIONS)
def test_bytes_that_do_not_follow_their_schema_stop_nobody_else(kind: str) -> None:
    good = event(kind)
    torn, longer, empty = good.body[:-1], good.body + b"\0", b""
    batch = [good, *(PublishedEvent(good.contract, body) for body in (torn, longer, empty)), event(kind, BOB)]
    narrowed = narrow(batch, ALL, {})
    assert [one.source for one in narrowed.failures] == [1, 2, 3]
    assert [one.source for one in narrowed.copies] == [0, 4]


def test_an_event_about_no_quarter_is_not_exchanged() -> None:
    assert [one.reason for one in told(WAGES, MANUAL, quarter="2026").failures] == ["its quarter is invalid"]


def test_a_batch_is_about_the_persons_in_it() -> None:
    assert persons([event(WAGES), event(WORKING_TIME, BOB), PublishedEvent(contract(WAGES), b"")]) == {ANN, BOB}


@pytest.mark.parametrize("projection", IN_FORCE, ids=lambda one: f"{one.deliberation} {one.contract.name}")
def test_a_copy_begins_with_the_envelope_and_names_its_deliberation(projection: Projection) -> None:
    names = [field["name"] for field in projection.contract.schema["fields"]]
    assert names[:11] == [*ENVELOPE, DELIBERATION["name"], REPLAY["name"], *TRAIL]
    narrowed = narrow([event(projection.contract.name)], Access([projection]), {ANN: everywhere()})
    for copy in narrowed.copies:
        record = decode_body(projection.contract, copy.body)
        full = sample(projection.contract.name) | {"person": ANN, "deliberation": projection.deliberation}
        full["replay"] = False
        assert {name: record[name] for name in names[:11]} == {name: full[name] for name in names[:11]}


def everywhere() -> list[Dossier]:
    qualities = {(one.recipient, quality) for one in IN_FORCE for quality in one.population or ()}
    return [Dossier(institution, quality, OPEN, None) for institution, quality in sorted(qualities)]


class Planter:
    """Fills a schema with values that are found nowhere else, and remembers where each one went."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.planted: dict[str, list[bytes]] = {}
        self._next = count(random.randrange(2**28, 2**29))

    def fill(self, schema: Any, path: str = "") -> Any:
        match schema:
            case list():
                branches = [branch for branch in schema if branch != "null"]
                return None if self.random.random() < 0.2 else self.fill(branches[0], path)
            case {"type": "array", "items": items}:
                return [self.fill(items, path) for _ in range(self.random.randrange(3))]
            case {"type": "record", "fields": fields}:
                return {
                    field["name"]: self.fill(field["type"], f"{path}.{field['name']}" if path else field["name"])
                    for field in fields
                }
            case {"type": "enum", "symbols": symbols}:
                return self.random.choice(symbols)
            case {"logicalType": "date"}:
                return date(2026, 7, 1)
            case {"logicalType": "timestamp-millis"}:
                return 1_790_000_000_000
            case "string":
                return self._keep(path, f"planted-{next(self._next)}")
            case "int" | "long":
                return self._keep(path, next(self._next))
            case "boolean":
                return True
        raise AssertionError(schema)

    def _keep(self, path: str, value: Any) -> Any:
        raw = value.encode() if isinstance(value, str) else varint(value)
        self.planted.setdefault(path, []).append(raw)
        return value


def varint(number: int) -> bytes:
    number <<= 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


@pytest.mark.parametrize("kind", DECLARATIONS)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_byte_of_a_field_outside_the_deliberation_is_in_a_copy(kind: str, seed: int) -> None:
    planter = Planter(Random(seed))  # noqa: S311 - hypothesis picks the seed
    record = planter.fill(contract(kind).schema) | {"quarter": "2026Q3", "person": ANN}
    narrowed = narrow([PublishedEvent(contract(kind), encode_body(contract(kind), record))], ALL, {ANN: everywhere()})
    assert narrowed.failures == []
    assert RULES in recipients(narrowed)
    for copy in narrowed.copies:
        projection = copy.projection
        granted = next(one for one in load() if one.id == projection.deliberation).granted(kind)
        permitted = leaves(contract(kind).schema, granted) | {*ENVELOPE, *TRAIL}
        for path, values in planter.planted.items():
            if path not in permitted:
                assert [value for value in values if value in copy.body] == [], path
        seen = {field.path for field in walk(projection.contract.schema) if field.leaf}
        assert seen <= permitted | {DELIBERATION["name"], REPLAY["name"]}
        # What is permitted is all there, as the plain codec writes it.
        whole = record | {"deliberation": projection.deliberation, "replay": False}
        assert copy.body == encode_body(projection.contract, whole)


@pytest.mark.parametrize("kind", DECLARATIONS)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whatever_a_deliberation_grants_a_stock_reader_finds_that_and_not_a_byte_more(kind: str, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - hypothesis picks the seed
    full = contract(kind).schema
    choice = sorted(grantable(full))
    granted = tuple(random.sample(choice, random.randint(1, min(8, len(choice)))))
    text = yaml.safe_dump(
        {
            "number": "99/999", "version": 1, "recipient": "rva", "basis": "An act.", "purpose": "A purpose.",
            "names": dict.fromkeys(("nl", "fr", "de", "en"), "name"), "from": OPEN, "retention": 1,
            "population": ["18/1"], "fields": {kind: list(granted)},
        }
    )  # fmt: skip
    (projection,) = projections(read([("any.yaml", text)]))
    planter = Planter(random)
    record = planter.fill(full) | {"quarter": "2026Q3", "person": ANN}
    narrowed = narrow(
        [PublishedEvent(contract(kind), encode_body(contract(kind), record))], Access([projection]), {ANN: [UNEMPLOYED]}
    )
    (copy,) = narrowed.copies
    permitted = leaves(full, granted) | {*ENVELOPE, *TRAIL}
    outside = [value for path, values in planter.planted.items() if path not in permitted for value in values]
    assert [value for value in outside if value in copy.body] == []
    # Nothing of ours: the text of the schema as it is published, and the reader of the library.
    published = fastavro.parse_schema(json.loads(json.dumps(projection.contract.schema)))
    found = fastavro.schemaless_reader(BytesIO(copy.body), published, None)
    assert isinstance(found, dict)
    assert found["deliberation"] == "99/999@1"
    assert {name: found[name] for name in ENVELOPE} == {name: record[name] for name in ENVELOPE}
    assert copy.body == encode_body(projection.contract, record | {"deliberation": "99/999@1", "replay": False})


def test_a_projection_keeps_the_order_of_the_contract_whatever_the_order_of_the_deliberation() -> None:
    (one,) = (one for one in load() if one.id == "21/094@1")
    texts = []
    for reverse in (False, True):
        turned = {kind: sorted(granted, reverse=reverse) for kind, granted in one.fields.items()}
        texts.append(one.model_dump_json(by_alias=True, exclude={"fields"})[:-1] + f', "fields": {turned}}}')
    ids = [[found.contract.id for found in projections(read([("a.yaml", text)]))] for text in texts]
    assert ids[0] == ids[1]

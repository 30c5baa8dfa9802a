"""A stock client finds every schema it meets, and hears 404 for what is not there."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kruispunt.registry.catalogue import Catalogue
from kruispunt.registry.server import application
from schemas.contracts import Contract, contract
from schemas.contracts import contracts as every_contract
from schemas.lookup import normalized
from schemas.registration import SchemaVersion

WAGES = contract("declarations.wages")
CONTRACTS = every_contract()
SUBJECT = "declarations.wages-value"
TEXT = json.dumps(WAGES.schema)
OLDER = '{"type":"record","name":"Wages","namespace":"gone","fields":[]}'
REGISTRY = "application/vnd.schemaregistry.v1+json"


Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask() -> Ask:
    catalogue = Catalogue()
    catalogue.cluster = "the-cluster"
    catalogue.add(SchemaVersion(SUBJECT, 1, 7, OLDER))
    catalogue.add(SchemaVersion(SUBJECT, 2, WAGES.id, TEXT))
    transport = httpx.ASGITransport(application(catalogue))

    async def request(method: str, path: str, **more: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://schemas") as client:
            return await client.request(method, path, **more)

    return lambda path, method="GET", **more: asyncio.run(request(method, path, **more))


def test_a_schema_is_found_by_its_id_whatever_else_is_asked(ask: Ask) -> None:
    answer = ask(f"/schemas/ids/{WAGES.id}", params={"subject": "x", "fetchMaxId": "false"})
    assert json.loads(answer.json()["schema"]) == WAGES.schema
    assert ask(f"/schemas/ids/{WAGES.id}/versions").json() == [{"subject": SUBJECT, "version": 2}]


def test_a_subject_lists_its_versions(ask: Ask) -> None:
    assert ask("/subjects").json() == [SUBJECT]
    assert ask(f"/subjects/{SUBJECT}/versions").json() == [1, 2]
    latest = ask(f"/subjects/{SUBJECT}/versions/latest").json()
    assert latest == ask(f"/subjects/{SUBJECT}/versions/2").json()
    assert latest == {"subject": SUBJECT, "version": 2, "id": WAGES.id, "schema": TEXT}


def test_a_schema_is_found_by_its_id_alone_and_by_who_uses_it(ask: Ask) -> None:
    assert ask(f"/schemas/ids/{WAGES.id}/schema").json() == WAGES.schema
    assert ask(f"/subjects/{SUBJECT}/versions/2/schema").json() == WAGES.schema
    assert ask(f"/schemas/ids/{WAGES.id}/subjects").json() == [SUBJECT]
    assert ask(f"/subjects/{SUBJECT}/versions/2/referencedby").json() == []


def reprinted(schema: Any, space: str = "") -> Any:
    """A schema as Java's Avro prints it again: attributes in its order, names relative, a type never wrapped alone."""
    if isinstance(schema, list):
        return [reprinted(branch, space) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    schema = dict(schema)
    if isinstance(schema.get("name"), str) and schema.get("type") in ("record", "enum", "fixed"):
        own = schema.pop("namespace", space)
        inner = own
        schema = {
            "type": schema.pop("type"),
            "name": schema.pop("name"),
            **({"namespace": own} if own != space else {}),
            **schema,
        }
        if "fields" in schema:
            fields = schema.pop("fields")
            schema["fields"] = [
                {
                    "name": f["name"],
                    "type": reprinted(f["type"], inner),
                    **{k: f[k] for k in f if k not in ("name", "type")},
                }
                for f in fields
            ]
        return schema
    printed = {
        name: reprinted(value, space) if name in ("items", "values") else value for name, value in schema.items()
    }
    return printed["type"] if set(printed) == {"type"} else printed


@pytest.mark.parametrize("query", ["", "?normalize=false&deleted=true", "?normalize=true", "?whatever=1"])
@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        json.dumps(WAGES.schema, sort_keys=True, indent=2),
        json.dumps(reprinted(WAGES.schema), separators=(",", ":")),
        json.dumps(
            {**WAGES.schema, "name": f"{WAGES.schema['namespace']}.{WAGES.schema['name']}", "namespace": "other"}
        ),
    ],
    ids=["as published", "sorted", "as Java prints it", "under its full name"],
)
def test_a_schema_is_looked_up_by_itself_however_it_is_written(ask: Ask, text: str, query: str) -> None:
    answer = ask(f"/subjects/{SUBJECT}{query}", "POST", json={"schema": text})
    assert answer.status_code == 200
    assert answer.json() == {"subject": SUBJECT, "version": 2, "id": WAGES.id, "schema": TEXT}


def altered(change: Callable[[dict[str, Any]], object]) -> str:
    schema = json.loads(TEXT)
    change(schema)
    return json.dumps(schema)


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: schema.update(doc="Something else."),
        lambda schema: schema.update({"connect.version": 1, "connect.name": "x"}),
        lambda schema: schema["fields"].pop(),
        lambda schema: schema["fields"].reverse(),
        lambda schema: schema.update(name="Other"),
    ],
    ids=["doc", "attributes of Connect", "a field less", "order of fields", "name"],
)
def test_another_schema_is_not_found_however_near(ask: Ask, change: Callable[[dict[str, Any]], object]) -> None:
    answer = ask(f"/subjects/{SUBJECT}", "POST", json={"schema": altered(change)})
    assert (answer.status_code, answer.json()["error_code"]) == (404, 40403)


def test_looking_up_registers_nothing(ask: Ask) -> None:
    before = ask("/subjects").json(), ask(f"/subjects/{SUBJECT}/versions").json()
    ask(f"/subjects/{SUBJECT}", "POST", json={"schema": '"string"'})
    ask("/subjects/new", "POST", json={"schema": '"string"'})
    ask("/subjects/new/versions", "POST", json={"schema": '"string"'})
    assert before == (ask("/subjects").json(), ask(f"/subjects/{SUBJECT}/versions").json())


def test_what_is_there_is_registered_already_and_nothing_else_can_be(ask: Ask) -> None:
    there = ask(f"/subjects/{SUBJECT}/versions", "POST", json={"schema": TEXT})
    assert (there.status_code, there.json()) == (200, {"id": WAGES.id})
    new = ask(f"/subjects/{SUBJECT}/versions", "POST", json={"schema": '"string"'})
    assert (new.status_code, new.json()["error_code"]) == (422, 42205)


def test_its_settings_are_told_as_the_stock_one_tells_them(ask: Ask) -> None:
    assert ask("/").json() == {}
    assert ask("/config").json() == {"compatibilityLevel": "NONE"}
    assert ask(f"/config/{SUBJECT}", params={"defaultToGlobal": "true"}).json() == {"compatibilityLevel": "NONE"}
    assert ask("/mode").json() == {"mode": "READONLY"}
    assert ask(f"/mode/{SUBJECT}", params={"defaultToGlobal": "true"}).json() == {"mode": "READONLY"}
    assert ask("/schemas/types").json() == ["AVRO"]
    assert ask("/contexts").json() == ["."]
    clusters = {"kafka-cluster": "the-cluster", "schema-registry-cluster": "schema-registry"}
    assert ask("/v1/metadata/id").json() == {"scope": {"path": [], "clusters": clusters}}


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/schemas/ids/8", None, 40403),
        ("GET", "/schemas/ids/x", None, 40403),
        ("GET", "/schemas/ids/8/schema", None, 40403),
        ("GET", "/schemas/ids/8/versions", None, 40403),
        ("GET", "/schemas/ids/8/subjects", None, 40403),
        ("GET", "/subjects/none/versions", None, 40401),
        ("GET", "/subjects/none/versions/latest", None, 40401),
        ("GET", f"/subjects/{SUBJECT}/versions/9", None, 40402),
        ("GET", f"/subjects/{SUBJECT}/versions/9/schema", None, 40402),
        ("GET", f"/subjects/{SUBJECT}/versions/first", None, 40402),
        ("GET", f"/subjects/{SUBJECT}/versions/0", None, 40402),
        ("GET", f"/config/{SUBJECT}", None, 40408),
        ("GET", f"/mode/{SUBJECT}", None, 40409),
        ("POST", "/subjects/none", {"schema": TEXT}, 40401),
        ("POST", f"/subjects/{SUBJECT}", {"schema": '"string"'}, 40403),
        ("POST", f"/subjects/{SUBJECT}", {"schema": '{"type":"nonsense"}'}, 42201),
        ("POST", f"/subjects/{SUBJECT}", {"schema": "{"}, 42201),
        ("POST", f"/subjects/{SUBJECT}", {"schema": "5"}, 42201),
        ("POST", f"/subjects/{SUBJECT}", {"schema": "[" * 100_000}, 42201),
        ("POST", f"/subjects/{SUBJECT}", {"schema": TEXT, "schemaType": "PROTOBUF"}, 42201),
        ("POST", f"/subjects/{SUBJECT}", {"schema": 5}, 42201),
        ("POST", f"/subjects/{SUBJECT}", {}, 42201),
        ("POST", f"/subjects/{SUBJECT}", [], 400),
        ("POST", f"/subjects/{SUBJECT}", {"schema": "x" * (1 << 20)}, 413),
        ("POST", f"/subjects/{SUBJECT}", None, 422),
        ("PUT", "/config", {"compatibility": "FULL"}, 42205),
        ("PUT", f"/mode/{SUBJECT}", {"mode": "READWRITE"}, 42205),
        ("DELETE", f"/subjects/{SUBJECT}", None, 42205),
        ("DELETE", f"/subjects/{SUBJECT}/versions/1", None, 42205),
        ("GET", "/associations/resources/x", None, 404),
        ("POST", "/compatibility/subjects/x/versions/1", {"schema": TEXT}, 404),
        ("GET", "/nothing/of/that/kind", None, 404),
        ("PATCH", "/config", None, 405),
        ("POST", "/schemas/types", {}, 405),
    ],
)
def test_every_error_has_the_code_of_the_stock_registry_and_a_message(
    ask: Ask, method: str, path: str, body: Any, code: int
) -> None:
    answer = ask(path, method, **({} if body is None else {"json": body}))
    assert answer.json()["error_code"] == code
    assert answer.status_code == int(str(code)[:3])
    assert answer.json()["message"]
    assert set(answer.json()) == {"error_code", "message"}
    assert answer.headers["content-type"] == REGISTRY


@pytest.mark.parametrize(
    ("accepted", "status", "media"),
    [
        ("*/*", 200, REGISTRY),
        (f"{REGISTRY}, application/vnd.schemaregistry+json, application/json", 200, REGISTRY),
        ("application/json", 200, "application/json"),
        ("text/html, application/*;q=0.5", 200, REGISTRY),
        (f"application/json, {REGISTRY};q=0.2", 200, "application/json"),
        ("text/html", 406, REGISTRY),
        ("application/json;q=0", 406, REGISTRY),
    ],
)
def test_the_answer_has_the_media_type_that_was_asked_for(ask: Ask, accepted: str, status: int, media: str) -> None:
    answer = ask("/subjects", headers={"Accept": accepted})
    assert (answer.status_code, answer.headers["content-type"]) == (status, media)
    assert status == 200 or answer.json()["error_code"] == 406


def test_a_body_of_another_kind_is_not_read(ask: Ask) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = ask(f"/subjects/{SUBJECT}", "POST", content=b"schema=x", headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (415, 415)
    assert ask(f"/subjects/{SUBJECT}", "POST", content=json.dumps({"schema": TEXT}).encode()).status_code == 200


def test_a_subject_may_be_named_with_its_context(ask: Ask) -> None:
    assert ask(f"/subjects/:.:{SUBJECT}/versions").json() == [1, 2]
    assert ask("/subjects", params={"subjectPrefix": ":*:declarations"}).json() == [SUBJECT]
    assert ask("/subjects", params={"subjectPrefix": "deliveries"}).json() == []


@pytest.mark.parametrize("each", CONTRACTS, ids=lambda each: f"{each.name}-{each.id}")
def test_every_contract_is_the_same_however_it_is_printed(each: Contract) -> None:
    plain = normalized(json.dumps(each.schema))
    assert normalized(json.dumps(reprinted(each.schema))) == plain
    assert plain != normalized(json.dumps({**each.schema, "doc": "Another."}))

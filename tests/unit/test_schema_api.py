"""A stock client finds every schema it meets, and hears 404 for what is not there."""

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest

from kruispunt.api import Catalogue, application
from schemas.contracts import contract
from schemas.registration import Version

WAGES = contract("declarations.wages")
SUBJECT = "declarations.wages-value"
TEXT = json.dumps(WAGES.schema)


Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask() -> Ask:
    catalogue = Catalogue()
    catalogue.add(Version(SUBJECT, 1, 7, "{}"))
    catalogue.add(Version(SUBJECT, 2, WAGES.id, TEXT))
    transport = httpx.ASGITransport(application(catalogue))

    async def request(method: str, path: str, **more: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://schemas") as client:
            return await client.request(method, path, **more)  # type: ignore[arg-type]

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


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/schemas/ids/8", 40403),
        ("/schemas/ids/8/versions", 40403),
        ("/subjects/none/versions", 40401),
        ("/subjects/none/versions/latest", 40401),
        (f"/subjects/{SUBJECT}/versions/9", 40402),
        (f"/subjects/{SUBJECT}/versions/first", 40402),
    ],
)
def test_what_is_not_there_is_404_with_the_registrys_own_code(ask: Ask, path: str, code: int) -> None:
    answer = ask(path)
    assert answer.status_code == 404
    assert answer.json()["error_code"] == code


def test_paths_this_registry_does_not_have_are_404_and_nothing_can_be_written(ask: Ask) -> None:
    assert ask("/associations/resources/x").status_code == 404
    assert ask(f"/subjects/{SUBJECT}/versions", "POST", json={"schema": "{}"}).status_code == 405
    assert ask(f"/subjects/{SUBJECT}", "DELETE").status_code == 404

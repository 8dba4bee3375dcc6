"""A change is made from a version that its sender has read."""

import httpx
import pytest

from shared.testing.things import Things

CHAIR = {"word": "chair"}
CHANGES = [("PUT", CHAIR), ("PATCH", CHAIR), ("DELETE", None)]


async def change(
    client: httpx.AsyncClient, method: str, path: str, body: object = CHAIR, *, seen: str | None = None
) -> httpx.Response:
    return await client.request(method, path, json=body, headers={} if seen is None else {"If-Match": seen})


@pytest.fixture
async def thing(things: Things) -> str:
    return f"/things/{(await things.make_many(['lamp']))[0]}"


async def test_a_row_says_its_version(things: Things, thing: str):
    clinic = things.app.as_party("clinic")
    assert (await clinic.get(thing)).headers["etag"] == '"1"'
    assert (await change(clinic, "PUT", thing, seen='"1"')).headers["etag"] == '"2"'
    assert (await clinic.get(thing)).headers["etag"] == '"2"'


@pytest.mark.parametrize(("method", "body"), CHANGES)
async def test_a_change_without_a_version_is_refused(things: Things, thing: str, method: str, body: object):
    clinic = things.app.as_party("clinic")
    answer = await change(clinic, method, thing, body)
    assert (answer.status_code, answer.json()["code"]) == (428, "sender/version-missing")
    assert (await clinic.get(thing)).json()["word"] == "lamp"


@pytest.mark.parametrize(("method", "body"), [*CHANGES, ("POST", CHAIR)])
async def test_a_change_from_an_old_version_is_refused(things: Things, thing: str, method: str, body: object):
    clinic = things.app.as_party("clinic")
    await change(clinic, "PUT", thing, {"word": "table"}, seen='"1"')
    path = f"{thing}/words" if method == "POST" else thing
    for stale in ('"1"', 'W/"2"', '"1", "3"', "2", ""):
        answer = await change(clinic, method, path, body, seen=stale)
        assert (answer.status_code, answer.json()["code"]) == (412, "sender/changed"), stale
    assert (await clinic.get(thing)).json() == {"id": thing.rpartition("/")[2], "word": "table", "version": 2}


@pytest.mark.parametrize("seen", ['"1"', "*", '"7", "1"'])
@pytest.mark.parametrize(("method", "body"), CHANGES)
async def test_a_change_from_what_is_there_is_made(things: Things, thing: str, method: str, body: object, seen: str):
    clinic = things.app.as_party("clinic")
    assert (await change(clinic, method, thing, body, seen=seen)).is_success
    assert (await clinic.get(thing)).status_code == (404 if method == "DELETE" else 200)


async def test_of_two_who_read_the_same_one_changes_it(things: Things, thing: str):
    clinic = things.app.as_party("clinic")
    seen = (await clinic.get(thing)).headers["etag"]
    answers = [await change(clinic, "PUT", thing, {"word": word}, seen=seen) for word in ("table", "chair")]
    assert [answer.status_code for answer in answers] == [200, 412]
    assert (await clinic.get(thing)).json()["word"] == "table"


async def test_a_route_that_changes_what_it_did_not_get_is_a_bug(things: Things, thing: str):
    """Else If-Match would be taken and not asked."""
    answer = await change(things.app.as_party("clinic"), "DELETE", f"{thing}/words", None, seen='"7"')
    assert (answer.status_code, answer.json()["code"]) == (500, "platform/bug")
    assert await things.count() == 1

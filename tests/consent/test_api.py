"""Consent over HTTP: what parties tell, what others may ask, and what is told of it."""

from datetime import timedelta

import pytest

from shared.testing.asking import MONDAY, recalled
from shared.testing.releasing import PHONE
from shared.testing.waivers import Town


async def test_given(town: Town):
    request = await town.asked()
    answer = await town.say(request, "grants", form="written", at="2026-11-02T07:30:00Z", until="2027-01-31T00:00:00Z")
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"2"'
    assert answer.json() == {
        "id": str(request.play),
        "caseId": str(request.case_id),
        "task": "first-task",
        "round": 1,
        "waiver": True,
        "status": "granted",
        "form": "written",
        "between": [
            {"party": "social_services", "organisation": "norrby"},
            {"party": "employment_service", "organisation": "agency"},
        ],
        "givenAt": "2026-11-02T07:30:00Z",
        "until": "2027-01-31T00:00:00Z",
        "withdrawnAt": None,
        "version": 2,
    }
    (told,) = await town.consent.told()
    assert (told.fact, told.time, told.audience) == (
        "consent.granted",
        MONDAY - timedelta(minutes=30),
        frozenset({"norrby"}),
    )
    assert told.said == {
        "task": "first-task",
        "round": 1,
        "play": str(request.play),
        "outcome": "given",
        "until": "2027-01-31T00:00:00Z",
    }


async def test_refused(town: Town):
    request = await town.asked()
    assert (await town.say(request, "refusals")).json()["status"] == "refused"
    (told,) = await town.consent.told()
    assert (told.fact, told.said["outcome"]) == ("consent.refused", "refused")
    assert await town.may(request.person_id) is None
    assert (await town.say(request, "grants", form="written")).json()["code"] == "sender/move-not-allowed"


@pytest.mark.parametrize(
    ("what", "body", "status", "code"),
    [
        ("grants", {"form": "oral"}, 422, "sender/not-in-writing"),
        ("grants", {"form": "a note by her mother"}, 422, "sender/invalid"),
        ("grants", {"form": "written", "note": "she was sad"}, 422, "sender/invalid"),
        ("grants", {"form": "written", "at": "2026-11-02T09:00:00Z"}, 422, "sender/not-in-the-past"),
        ("grants", {"form": "written", "until": "2026-11-01T09:00:00Z"}, 422, "sender/period-over"),
        ("withdrawals", {}, 409, "sender/move-not-allowed"),
    ],
)
async def test_what_cannot_be_is_refused(town: Town, what: str, body: dict[str, str], status: int, code: str):
    request = await town.asked()
    answer = await town.say(request, what, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "mother" not in answer.text
    assert "sad" not in answer.text
    assert await town.status(request) == "requested"
    assert await town.consent.told() == []


async def test_asked_twice_it_is_there_once(town: Town):
    request = await town.given()
    await town.consent.hears(request)
    assert await town.status(request) == "granted"
    assert (await town.consent.as_party("social_services").get("/bases")).json()["_meta"]["totalRecords"] == 1
    assert await town.consent.parked() == []


async def test_a_list_is_filtered(town: Town):
    given, asked = await town.given(), await town.asked()
    client = town.consent.as_party("social_services")
    for status, request in (("granted", given), ("requested", asked)):
        items = (await client.get("/bases", params={"status": status})).json()["items"]
        assert [item["id"] for item in items] == [str(request.play)]
    for unknown in ("lost", "\0"):
        assert (await client.get("/bases", params={"status": unknown})).status_code == 422


async def test_home_takes_back_what_is_not_answered(town: Town):
    asked, given = await town.asked(), await town.given()
    for request in (asked, given):
        await town.consent.hears(recalled(request))
    assert await town.status(asked) == "recalled"
    assert await town.status(given) == "granted"
    assert await town.consent.parked() == []
    assert await town.may(asked.person_id) is None
    assert (await town.say(asked, "grants", form="written")).status_code == 409


async def test_others_see_nothing_of_it(town: Town):
    request = await town.given()
    strangers = [
        town.consent.as_party("employment_service", organisation="agency"),
        town.consent.as_party("school"),
        town.consent.as_service("agency", "booking"),
    ]
    for client in strangers:
        assert (await client.get("/bases")).json()["items"] == []
        assert (await client.get(f"/bases/{request.play}")).status_code == 404
        assert (await client.post(f"/bases/{request.play}/withdrawals", json={})).status_code == 404
    assert await town.status(request) == "granted"


async def test_a_period_ends_by_itself(town: Town):
    request = await town.asked()
    until = MONDAY + timedelta(days=30)
    await town.say(request, "grants", form="written", until=until.isoformat())
    assert await town.may(request.person_id) == 1
    await town.platform.at(until)
    assert await town.may(request.person_id) is None
    await town.becomes(request, "expired")
    told = (await town.consent.told())[-1]
    assert (told.fact, told.time) == ("consent.expired", until)
    assert (await town.say(request, "withdrawals")).status_code == 409


async def test_what_is_withdrawn_does_not_expire(town: Town):
    request = await town.asked()
    await town.say(request, "grants", form="written", until=(MONDAY + timedelta(days=1)).isoformat())
    await town.say(request, "withdrawals")
    await town.platform.at(timedelta(days=2))
    await town.platform.quiet()
    assert [told.fact for told in await town.consent.told()] == ["consent.granted", "consent.withdrawn"]


async def test_nothing_of_the_person_is_told(town: Town):
    request = await town.given()
    await town.release(request.person_id)
    await town.say(request, "withdrawals")
    await town.becomes(request, "withdrawn")
    denied = await town.release(request.person_id)
    told = [*await town.consent.told(), *await town.releaser.told()]
    assert [each.fact for each in told] == ["consent.granted", "consent.withdrawn"]
    for text in (*(str(each) for each in told), denied.text, str(town.platform.network.seen)):
        assert PHONE not in text
        assert str(request.person_id) not in text

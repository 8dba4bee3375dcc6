"""Who of a party's own staff holds a role: said by the party that home asks, and told without saying who."""

from datetime import timedelta

import pytest

from shared.ids import uuid7
from shared.tasks import TaskRequest
from shared.testing.apps import App
from shared.testing.asking import MONDAY, recalled, requested


@pytest.fixture
async def role(referral: App) -> TaskRequest:
    request = requested(
        "role",
        uuid7(),
        party="labour_market_unit",
        home="bengtsfors",
        sees=[("bengtsfors", "social_services")],
        task="coach",
        outcomes=["assigned"],
    )
    await referral.hears(request)
    return request


async def test_it_is_assigned_told_without_whom_and_taken_over(referral: App, role: TaskRequest):
    client = referral.as_party("labour_market_unit")
    (item,) = (await client.get("/roles")).json()["items"]
    assert (item["task"], item["status"], item["holder"]) == ("coach", "requested", None)
    path = f"/roles/{role.play}/assignments"
    answer = await client.post(path, json={"holder": "JC-117"})
    assert (answer.status_code, answer.json()["status"], answer.headers["etag"]) == (201, "assigned", '"2"')
    (told,) = await referral.told("role.assigned")
    assert told.said == {"task": "coach", "round": 1, "play": str(role.play), "role": "coach"}
    assert (await client.post(path, json={"holder": str(role.case_id)})).status_code == 201
    seen = (await referral.as_party("social_services").get(f"/roles/{role.play}")).json()
    assert (seen["holder"], seen["version"]) == (str(role.case_id), 3)


async def test_asked_twice_it_is_there_once(referral: App, role: TaskRequest):
    await referral.hears(role)
    assert (await referral.as_party("labour_market_unit").get("/roles")).json()["_meta"]["totalRecords"] == 1


async def test_nobody_s_name_or_number_and_no_time_that_cannot_be(referral: App, role: TaskRequest):
    client, path = referral.as_party("labour_market_unit"), f"/roles/{role.play}/assignments"
    for body, code in (
        ({}, "sender/invalid"),
        ({"holder": "Anna Andersson"}, "sender/invalid"),
        ({"holder": "199001012385"}, "sender/invalid"),
        ({"holder": "JC-117", "at": (MONDAY + timedelta(hours=1)).isoformat()}, "sender/not-in-the-past"),
        ({"holder": "JC-117", "at": (MONDAY - timedelta(hours=1)).isoformat()}, "sender/assigned-too-early"),
    ):
        answer = await client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert "Andersson" not in answer.text
    assert await referral.told() == []


async def test_taken_back_it_is_not_assigned_and_assigned_it_stays(referral: App, role: TaskRequest):
    other = requested("role", uuid7(), party="labour_market_unit", home="bengtsfors", task="coach")
    await referral.hears(other)
    client = referral.as_party("labour_market_unit")
    assert (await client.post(f"/roles/{other.play}/assignments", json={"holder": "JC-1"})).status_code == 201
    for request in (role, other):
        await referral.hears(recalled(request))
    refused = await client.post(f"/roles/{role.play}/assignments", json={"holder": "JC-1"})
    assert (refused.status_code, refused.json()["code"]) == (409, "sender/move-not-allowed")
    assert (await client.get(f"/roles/{other.play}")).json()["status"] == "assigned"
    assert await referral.parked() == []


async def test_who_sees_it_does_not_assign_it(referral: App, role: TaskRequest):
    path = f"/roles/{role.play}"
    onlooker, stranger = referral.as_party("social_services"), referral.as_party("school")
    assert (await onlooker.get(path)).status_code == 200
    assert (await onlooker.post(f"{path}/assignments", json={"holder": "JC-1"})).status_code == 403
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(f"{path}/assignments", json={"holder": "JC-1"})).status_code == 404

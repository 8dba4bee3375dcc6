"""Answers that a party owes home."""

from datetime import timedelta

import pytest

from shared.ids import uuid7
from shared.tasks import TaskRequest
from shared.testing.apps import App
from shared.testing.asking import MONDAY, requested


@pytest.fixture
async def question(referral: App) -> TaskRequest:
    request = requested(
        "answer",
        uuid7(),
        party="labour_market_unit",
        home="bengtsfors",
        sees=[("bengtsfors", "social_services")],
        outcomes=["accepted", "refused"],
    )
    await referral.hears(request)
    return request


async def test_it_is_given_once_and_told(referral: App, question: TaskRequest):
    client = referral.as_party("labour_market_unit")
    (item,) = (await client.get("/answers")).json()["items"]
    assert (item["status"], item["outcomes"], item["outcome"]) == ("requested", ["accepted", "refused"], None)
    path = f"/answers/{question.play}/replies"
    answer = await client.post(path, json={"outcome": "accepted"})
    assert (answer.status_code, answer.json()["status"], answer.headers["etag"]) == (201, "given", '"2"')
    again = await client.post(path, json={"outcome": "refused"})
    assert (again.status_code, again.json()["code"]) == (409, "sender/move-not-allowed")
    (told,) = await referral.told("answer.given")
    assert told.said == {
        "task": "first-task",
        "round": 1,
        "play": str(question.play),
        "outcome": "accepted",
        "party": "labour_market_unit",
    }


async def test_asked_twice_it_is_there_once(referral: App, question: TaskRequest):
    await referral.hears(question)
    assert (await referral.as_party("labour_market_unit").get("/answers")).json()["_meta"]["totalRecords"] == 1


async def test_it_is_one_of_those_asked_for_and_not_before_nor_after(referral: App, question: TaskRequest):
    client, path = referral.as_party("labour_market_unit"), f"/answers/{question.play}/replies"
    for body, code in (
        ({"outcome": "perhaps"}, "sender/answer-unknown"),
        ({"outcome": "Anna säger ja"}, "sender/invalid"),
        ({"outcome": "accepted", "at": (MONDAY + timedelta(hours=1)).isoformat()}, "sender/not-in-the-past"),
        ({"outcome": "accepted", "at": (MONDAY - timedelta(hours=1)).isoformat()}, "sender/too-early"),
        ({"outcome": "accepted", "at": "2026-11-02T08:00:00"}, "sender/invalid"),
    ):
        answer = await client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await referral.told() == []


async def test_the_time_is_the_party_s_word(referral: App, question: TaskRequest):
    client, path = referral.as_party("labour_market_unit"), f"/answers/{question.play}/replies"
    late = MONDAY - timedelta(seconds=20)
    assert (await client.post(path, json={"outcome": "accepted", "at": late.isoformat()})).status_code == 201
    (told,) = await referral.told("answer.given")
    assert told.time == MONDAY


async def test_who_sees_it_does_not_give_it(referral: App, question: TaskRequest):
    path = f"/answers/{question.play}"
    onlooker, stranger = referral.as_party("social_services"), referral.as_party("school")
    assert (await onlooker.get(path)).status_code == 200
    assert (await onlooker.post(f"{path}/replies", json={"outcome": "accepted"})).status_code == 403
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(f"{path}/replies", json={"outcome": "accepted"})).status_code == 404

"""Receipts and fences: whichever comes first decides, for good."""

import asyncio
from typing import Any

import httpx

from shared.ids import uuid7
from shared.testing.releasing import PHONE, Side, receipts, yes


async def test_fenced_before_the_receipt_nothing_is_released(side: Side):
    async def say(asked: dict[str, Any]) -> httpx.Response:
        fenced = await side.fence(asked["releaseId"])
        assert fenced.json() == {"releaseId": asked["releaseId"], "void": True, "permit": None}
        return await yes(asked)

    side.says = say
    answer = await side.release()
    assert (answer.status_code, answer.json()["code"]) == (409, "consent/fenced")
    assert PHONE not in answer.text
    assert await receipts(side.app) == {side.release_id: None}


async def test_a_fence_waits_for_the_release_in_flight_and_finds_it(side: Side):
    fencing: list[asyncio.Task[httpx.Response]] = []

    async def inside() -> None:
        fencing.append(asyncio.create_task(side.fence(side.release_id)))
        await asyncio.sleep(0.3)
        assert not fencing[0].done()

    side.releaser.inside = inside
    assert (await side.release()).status_code == 201
    assert (await fencing[0]).json() == {"releaseId": str(side.release_id), "void": False, "permit": 7}


async def test_a_release_that_fails_leaves_its_id_to_the_fence(side: Side):
    fencing: list[asyncio.Task[httpx.Response]] = []

    async def inside() -> None:
        fencing.append(asyncio.create_task(side.fence(side.release_id)))
        await asyncio.sleep(0.3)
        raise TimeoutError

    side.releaser.inside = inside
    assert (await side.release()).status_code == 503
    assert (await fencing[0]).json()["void"] is True
    assert await receipts(side.app) == {side.release_id: None}


async def test_asked_again_the_fence_says_the_same(side: Side):
    void = uuid7()
    assert [(await side.fence(void)).json()["void"] for _ in range(2)] == [True, True]
    await side.release()
    assert [(await side.fence(side.release_id)).json()["permit"] for _ in range(2)] == [7, 7]
    assert await receipts(side.app) == {void: None, side.release_id: 7}


async def test_only_the_consent_service_of_that_home_fences(side: Side):
    await side.release()
    assert (await side.fence(side.release_id, organisation="agency")).status_code == 404
    assert (await side.fence(side.release_id, service="booking")).status_code == 403
    as_person = side.app.as_party("consent", scopes=["samspar.service", "samspar.booking"])
    for client in (as_person, side.app.as_party("social_services"), side.app.as_operator()):
        assert (await client.post(f"/releases/{uuid7()}/fence")).status_code == 403
    assert (await side.fence("x")).status_code == 422
    assert await receipts(side.app) == {side.release_id: 7}


async def test_a_key_may_not_be_forged_by_the_fence_of_another_home(side: Side):
    """What `agency` fences for itself is void for good too: an id is never released once anybody has fenced it."""

    async def say(asked: dict[str, Any]) -> httpx.Response:
        await side.fence(asked["releaseId"], organisation="agency")
        return await yes(asked)

    side.says = say
    assert (await side.release()).json()["code"] == "consent/fenced"

"""Withdrawal while releases are under way: acknowledged only when each is void or receipted, and none comes after."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlmodel import select

from consent import fences
from consent.domain import Permit
from shared.testing.releasing import receipts
from shared.testing.waivers import OURS, Town

Deliver = Callable[[], Awaitable[httpx.Response]]


async def test_without_an_open_permit_it_is_acknowledged_at_once(either_town: Town):
    town = either_town
    request = await town.given()
    answer = await town.say(request, "withdrawals")
    assert (answer.status_code, answer.json()["status"]) == (202, "withdrawn")
    assert [told.fact for told in await town.consent.told()] == ["consent.granted", "consent.withdrawn"]


async def test_withdrawn_after_the_receipt(either_town: Town):
    town = either_town
    request = await town.given()
    assert (await town.release(request.person_id)).status_code == 201
    await town.say(request, "withdrawals")
    await town.becomes(request, "withdrawn")
    assert list((await receipts(town.releaser)).values()) == [1]
    assert (await town.release(request.person_id)).json()["code"] == "consent/no-basis"


async def test_withdrawn_before_the_permit(either_town: Town):
    town = either_town
    request = await town.given()

    async def hold(call: httpx.Request, deliver: Deliver) -> httpx.Response:
        if call.url.path.endswith("/permits"):
            await town.say(request, "withdrawals")
            await town.becomes(request, "withdrawn")
        return await deliver()

    town.platform.network.delivery = hold
    assert (await town.release(request.person_id)).json()["code"] == "consent/no-basis"
    assert await receipts(town.releaser) == {}


async def test_withdrawn_between_permit_and_receipt(either_town: Town):
    town = either_town
    request = await town.given()

    async def hold(call: httpx.Request, deliver: Deliver) -> httpx.Response:
        answer = await deliver()
        if call.url.path.endswith("/permits"):
            await answer.aread()
            assert (await town.say(request, "withdrawals")).json()["status"] == "withdrawing"
            await town.becomes(request, "withdrawn")
        return answer

    town.platform.network.delivery = hold
    assert (await town.release(request.person_id)).json()["code"] == "consent/fenced"
    assert list((await receipts(town.releaser)).values()) == [None]


async def test_withdrawn_between_receipt_and_commit(either_town: Town):
    town = either_town
    request = await town.given()

    async def inside() -> None:
        assert (await town.say(request, "withdrawals")).json()["status"] == "withdrawing"
        await asyncio.sleep(0.5)
        assert await town.status(request) == "withdrawing"
        assert [told.fact for told in await town.consent.told()] == ["consent.granted"]

    town.releasing.inside = inside
    assert (await town.release(request.person_id)).status_code == 201
    await town.becomes(request, "withdrawn")
    assert list((await receipts(town.releaser)).values()) == [1]


async def test_no_permit_while_it_is_withdrawing(town: Town):
    request = await town.given()
    await town.may(request.person_id)
    town.platform.network.away.add("booking.norrby.example")
    assert (await town.say(request, "withdrawals")).json()["status"] == "withdrawing"
    assert await town.may(request.person_id) is None
    assert (await town.say(request, "withdrawals")).status_code == 409


async def test_after_a_minute_a_permit_is_fenced_anyway(town: Town):
    request = await town.given()
    await town.release(request.person_id)
    await town.may(request.person_id)
    await town.platform.at(timedelta(seconds=59))
    await asyncio.sleep(0.8)
    assert list((await receipts(town.releaser)).values()) == [1]
    await town.platform.at(timedelta(seconds=1))
    async with asyncio.timeout(5):
        while len(await receipts(town.releaser)) < 2:  # noqa: ASYNC110 -- it comes of another service's call
            await asyncio.sleep(0.02)
    assert list((await receipts(town.releaser, void=True)).values()) == [None]
    assert await town.status(request) == "granted"
    await asyncio.sleep(0.2)
    assert (await town.say(request, "withdrawals")).json()["status"] == "withdrawn"


async def test_a_releaser_that_is_away_delays_only_its_own(town: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fences, "AGAIN", 0.2)
    mine, theirs = await town.given(), await town.given()
    await town.may(mine.person_id)
    assert await town.may(theirs.person_id, by=("agency", "booking"), to=OURS) == 1
    for request in (theirs, mine):
        assert (await town.say(request, "withdrawals")).json()["status"] == "withdrawing"
    await town.becomes(mine, "withdrawn", seconds=2)
    assert await town.status(theirs) == "withdrawing"
    (wait,) = (await town.consent.as_operator().get(f"/cases/{theirs.case_id}/waits")).json()["items"]
    assert (wait["what"], wait["owner"], wait["state"]) == ("release.fence", "agency", "unconfirmed")
    await town.platform.start("agency", "booking", create=town.releasing.create)
    await town.becomes(theirs, "withdrawn")
    assert (await town.consent.as_operator().get(f"/cases/{theirs.case_id}/waits")).json()["items"] == []


async def test_a_withdrawal_outlives_a_restart(town: Town):
    request = await town.given()
    await town.may(request.person_id)
    town.platform.network.away.add("booking.norrby.example")
    await town.say(request, "withdrawals")
    await town.consent.stop()
    town.platform.network.away.clear()
    town.consent = await town.platform.start("norrby", "consent")
    await town.becomes(request, "withdrawn")
    assert [told.fact for told in await town.consent.told()] == ["consent.granted", "consent.withdrawn"]


async def test_nonsense_is_no_acknowledgement(town: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fences, "AGAIN", 0.05)
    request = await town.given()
    await town.may(request.person_id)
    answers = [
        httpx.Response(200, json={}),
        httpx.Response(404, json={}),
        httpx.Response(200, text="ok"),
        httpx.Response(500, json={"releaseId": str(request.play), "void": True}),
    ]
    left = iter(answers)

    async def lie(_: httpx.Request, deliver: Deliver) -> httpx.Response:
        return next(left, None) or await deliver()

    town.platform.network.delivery = lie
    await town.say(request, "withdrawals")
    await asyncio.sleep(0.3)
    assert await town.status(request) == "withdrawing"
    await town.becomes(request, "withdrawn", seconds=20)
    assert next(left, None) is None


async def test_an_answer_for_another_release_closes_nothing(town: Town):
    request, (one, other) = await town.given(), (uuid4(), uuid4())
    for release in (one, other):
        await town.may(request.person_id, releaseId=str(release))

    async def mistake(call: httpx.Request, _: Deliver) -> httpx.Response:
        asked_for_one = str(one) in call.url.path
        return httpx.Response(200 if asked_for_one else 500, json={"releaseId": str(other), "void": True})

    town.platform.network.delivery = mistake
    await town.say(request, "withdrawals")
    await asyncio.sleep(1.5)
    async with town.consent.here.database.reading() as connection:
        assert set(await connection.scalars(select(Permit.status))) == {"open"}

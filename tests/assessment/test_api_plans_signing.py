"""Who signs a plan, and when: each party for itself, the person by the word of whoever was asked; once, and in time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.ids import uuid7
from shared.tasks import TaskRequest
from shared.testing.apps import App, Platform
from shared.testing.asking import recalled
from shared.testing.assessment_plans import refusal, sign, sign_for, step, write

Ask = Callable[..., Awaitable[TaskRequest]]
BOTH = pytest.mark.parametrize("assessment", ["sqlite", "postgresql"], indirect=True)
TIMES = 10


async def test_each_party_signs_for_itself(assessment: App, ask: Ask):
    unit, school = assessment.as_party("unit"), assessment.as_party("school")
    officer = assessment.as_party("officer", organisation="agency")
    request = await ask("plan", signed_by=["participant", "unit", "officer"])
    await write(unit, request)
    assert refusal(await sign(unit, request, signer="officer")) == (403, "not-asked")
    assert refusal(await sign(officer, request, signer="unit")) == (403, "not-asked")
    assert refusal(await sign_for(officer, request)) == (403, "not-asked")
    assert refusal(await sign(unit, request, signer="school")) == (403, "not-asked")
    assert refusal(await sign(school, request)) == (403, "not-your-move")
    assert refusal(await write(officer, request)) == (403, "not-asked")
    assert refusal(await write(school, request)) == (403, "not-your-move")
    assert await assessment.told() == []
    assert (await school.get(f"/plans/{request.play}")).json()["unsigned"] == ["participant", "unit", "officer"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"signer": "participant"}, "manner-wrong"),
        ({"signer": "participant", "manner": "of_age"}, "manner-wrong"),
        ({"manner": "eid"}, "manner-wrong"),
        ({"signer": "guardian", "manner": "of_age"}, "manner-wrong"),
        ({"signer": "participant", "manner": "by_phone"}, "invalid"),
    ],
)
async def test_how_a_person_signed_is_said(assessment: App, ask: Ask, said: dict[str, Any], code: str):
    unit, request = assessment.as_party("unit"), await ask("plan", signed_by=["participant", "guardian", "unit"])
    await write(unit, request)
    assert refusal(await sign(unit, request, **said)) == (422, code)


@pytest.mark.parametrize(("manner", "told"), [("paper", ["guardian_if_under_18"]), ("of_age", [])])
async def test_a_guardian_signs_beside_who_is_under_18(assessment: App, ask: Ask, manner: str, told: list[str]):
    unit = assessment.as_party("unit")
    request = await ask("plan", signed_by=["participant", "guardian_if_under_18"])
    await write(unit, request)
    first = await sign(unit, request, signer="guardian_if_under_18", manner=manner)
    assert first.json()["unsigned"] == ["participant"]
    assert (await sign_for(unit, request)).json()["status"] == "agreed"
    assert [each.said["party"] for each in await assessment.told("plan.signed")] == [*told, "participant"]
    assert len(await assessment.told("plan.agreed")) == 1


async def test_nobody_is_of_age_alone(assessment: App, ask: Ask):
    """That a guardian need not sign is no signature: home may still take the plan back."""
    unit = assessment.as_party("unit")
    request = await ask("plan", signed_by=["participant", "guardian_if_under_18"])
    await write(unit, request)
    await sign(unit, request, signer="guardian_if_under_18", manner="of_age")
    await assessment.hears(recalled(request))
    assert (await unit.get(f"/plans/{request.play}")).json()["status"] == "recalled"
    assert await assessment.told() == []


async def test_a_signature_is_given_once(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("plan", signed_by=["unit", "participant"])
    assert refusal(await sign(unit, request)) == (409, "nothing-to-sign")
    await write(unit, request)
    key = {"Idempotency-Key": str(uuid7())}
    path, body = f"/plans/{request.play}/signatures", {"revision": 1}
    same = [await unit.post(path, json=body, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in same] == [201, 201]
    assert refusal(await sign(unit, request)) == (409, "signed-already")
    await sign_for(unit, request)
    assert refusal(await sign_for(unit, request)) == (409, "signed-already")
    assert len(await assessment.told("plan.signed")) == 2
    stale = await unit.post(f"/plans/{request.play}/revisions", json={"steps": [step()]}, headers={"If-Match": '"2"'})
    assert refusal(stale) == (412, "changed")


async def test_it_is_signed_after_it_was_written_and_before_now(assessment: App, platform: Platform, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("plan")
    await platform.at(timedelta(days=3))
    assert refusal(await write(unit, request, at="2026-11-01T08:00:00Z")) == (422, "too-early")
    await write(unit, request, at="2026-11-03T08:00:00Z")
    assert refusal(await write(unit, request, at="2026-11-03T07:59:59Z")) == (422, "too-early")
    assert refusal(await sign(unit, request, at="2026-11-03T07:59:59Z")) == (422, "too-early")
    assert refusal(await sign(unit, request, at="2026-11-06T08:00:00Z")) == (422, "not-in-the-past")
    assert (await sign(unit, request, at="2026-11-03T08:00:00Z")).status_code == 201


async def test_a_plan_that_must_fill_the_week_does(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("plan", hours=40)
    await write(unit, request, step("sfi", 40, counts="half"), step("practice", 15))
    answer = await sign(unit, request)
    assert refusal(answer) == (422, "hours-not-filled")
    assert (answer.json()["hours"], answer.json()["thinnest"]) == (40, "35")
    await write(unit, request, step("sfi", 40, counts="half"), step("practice", 20))
    assert (await sign(unit, request, 2)).json()["status"] == "agreed"


async def test_nothing_follows_a_recall(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("plan", contributions={"school": "optional"})
    await write(unit, request)
    await assessment.hears(recalled(request))
    for answer in (
        await sign(unit, request),
        await write(unit, request),
        await assessment.as_party("school").post(f"/plans/{request.play}/contributions", json={}),
    ):
        assert refusal(answer) == (409, "move-not-allowed")
    assert await assessment.told() == []


async def test_others_do_not_find_it(assessment: App, ask: Ask):
    request = await ask("plan")
    await write(assessment.as_party("unit"), request)
    for stranger in (assessment.as_party("unit", organisation="agency"), assessment.as_party("shelter")):
        for answer in (
            await stranger.get(f"/plans/{request.play}"),
            await stranger.get(f"/plans/{request.play}/revisions"),
            await sign(stranger, request),
            await write(stranger, request),
        ):
            assert answer.status_code == 404
        assert (await stranger.get("/plans")).json()["items"] == []
    service = assessment.as_service("norrby", "unit")
    assert refusal(await sign(service, request)) == (403, "not-your-move")
    assert await assessment.told() == []


@BOTH
async def test_the_last_two_sign_at_once(assessment: App, ask: Ask):
    unit, officer = assessment.as_party("unit"), assessment.as_party("officer", organisation="agency")
    for _ in range(TIMES):
        request = await ask("plan", signed_by=["unit", "officer"])
        await write(unit, request)
        answers = await asyncio.gather(sign(unit, request), sign(officer, request))
        assert [answer.status_code for answer in answers] == [201, 201]
        told = await assessment.told(case=request.case_id)
        assert [each.fact for each in told] == ["plan.signed", "plan.signed", "plan.agreed"]


@BOTH
async def test_the_same_party_signs_twice_at_once(assessment: App, ask: Ask):
    unit = assessment.as_party("unit")
    for _ in range(TIMES):
        request = await ask("plan", signed_by=["unit", "participant"])
        await write(unit, request)
        answers = await asyncio.gather(sign(unit, request), sign(unit, request))
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert [each.fact for each in await assessment.told(case=request.case_id)] == ["plan.signed"]


@BOTH
async def test_a_revision_and_the_last_signature_at_once(assessment: App, ask: Ask):
    """Whichever comes first: nobody's signature stands under what they did not read."""
    unit, officer = assessment.as_party("unit"), assessment.as_party("officer", organisation="agency")
    for n in range(TIMES):
        request = await ask("plan", signed_by=["officer"])
        await write(unit, request)
        moves = [sign(officer, request), write(unit, request, step("studies"))]
        answers = await asyncio.gather(*(moves if n % 2 else reversed(moves)))
        signed, revised = answers if n % 2 else reversed(answers)
        assert revised.status_code == 201
        told = [each.fact for each in await assessment.told(case=request.case_id)]
        plan = (await unit.get(f"/plans/{request.play}")).json()
        assert (plan["status"], plan["unsigned"]) == ("signing" if told else "requested", ["officer"])
        if signed.status_code == 201:
            assert told == ["plan.signed", "plan.agreed", "plan.revised"]
        else:
            assert (refusal(signed), told) == ((409, "old-revision"), [])

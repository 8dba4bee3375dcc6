"""Assessments over HTTP: who contributes, who completes, what must be in and what is told."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.ids import uuid7
from shared.tasks import TaskRequest
from shared.testing.apps import App, Platform
from shared.testing.asking import MONDAY

Ask = Callable[..., Awaitable[TaskRequest]]
FINDS = {"work_capacity": ["clear", "unclear"]}
JOINT = {"school": "required", "officer": "optional"}


async def post(client: httpx.AsyncClient, request: TaskRequest, what: str, **body: Any) -> httpx.Response:
    return await client.post(f"/assessments/{request.play}/{what}", json=body)


async def facts(assessment: App) -> list[str]:
    return [told.fact for told in await assessment.told()]


async def test_it_is_completed_with_what_was_asked(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("assessment", finds=FINDS, outcomes=["completed"])
    answer = await post(unit, request, "completions", findings={"work_capacity": "clear"})
    assert (answer.status_code, answer.headers["etag"]) == (201, '"3"')
    assert (answer.json()["status"], answer.json()["findings"]) == ("completed", {"work_capacity": "clear"})
    opened, completed = await assessment.told()
    repeats = {"task": "first-task", "round": 1, "play": str(request.play)}
    assert (opened.fact, opened.said) == ("assessment.opened", repeats)
    assert completed.said == repeats | {"outcome": "completed", "findings": {"work_capacity": "clear"}}
    assert (completed.audience, completed.time) == ({"norrby"}, MONDAY)


async def test_it_may_be_opened_first(assessment: App, platform: Platform, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("assessment")
    assert (await post(unit, request, "openings")).json()["status"] == "opened"
    await platform.at(timedelta(days=30))
    await post(unit, request, "completions", at="2026-11-20T08:00:00Z")
    assert [(told.fact, told.time.day) for told in await assessment.told()] == [
        ("assessment.opened", 2),
        ("assessment.completed", 20),
    ]
    again = await post(unit, request, "openings")
    assert (again.status_code, again.json()["code"]) == (409, "sender/move-not-allowed")


@pytest.mark.parametrize(
    "findings",
    [
        {},
        {"work_capacity": "poor"},
        {"work_capacity": "clear", "mood": "good"},
        {"mood": "good"},
    ],
)
async def test_other_findings_are_refused(assessment: App, ask: Ask, findings: dict[str, str]):
    unit, request = assessment.as_party("unit"), await ask("assessment", finds=FINDS)
    answer = await post(unit, request, "completions", findings=findings)
    assert (answer.status_code, answer.json()["code"]) == (422, "sender/findings-wrong")
    assert answer.json()["detail"] == "Asked for: work_capacity: clear, unclear."
    assert "mood" not in answer.text
    assert await facts(assessment) == []


async def test_an_outcome_is_one_of_those_declared(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("assessment", outcomes=["track", "rehabilitation"])
    for said in ({}, {"outcome": "other"}):
        answer = await post(unit, request, "completions", **said)
        assert (answer.status_code, answer.json()["code"]) == (422, "sender/outcome-unknown")
    await post(unit, request, "completions", outcome="rehabilitation")
    assert (await assessment.told("assessment.completed"))[0].said["outcome"] == "rehabilitation"


async def test_the_required_contribution_must_be_in(assessment: App, ask: Ask):
    unit, school = assessment.as_party("unit"), assessment.as_party("school")
    request = await ask("assessment", contributions=JOINT)
    early = await post(unit, request, "completions")
    assert (early.status_code, early.json()["code"]) == (409, "sender/contributions-missing")
    assert early.json()["detail"] == "Wait for: school."
    assert await facts(assessment) == []

    answer = await post(school, request, "contributions")
    assert {"party": "school", "need": "required", "given": True} in answer.json()["contributions"]
    assert (await post(unit, request, "completions")).status_code == 201
    told = await assessment.told()
    assert [each.fact for each in told] == ["assessment.opened", "assessment.contributed", "assessment.completed"]
    assert told[1].said["party"] == "school"


async def test_a_party_contributes_once(assessment: App, ask: Ask):
    officer = assessment.as_party("officer", organisation="agency")
    request = await ask("assessment", contributions=JOINT)
    assert (await post(officer, request, "contributions")).status_code == 201
    answer = await post(officer, request, "contributions")
    assert (answer.status_code, answer.json()["code"]) == (409, "sender/contributed-already")
    assert len(await assessment.told("assessment.contributed")) == 1


async def test_each_does_only_what_it_is_asked_for(assessment: App, ask: Ask):
    request = await ask("assessment", contributions={"school": "required"})
    unit, school = assessment.as_party("unit"), assessment.as_party("school")
    officer = assessment.as_party("officer", organisation="agency")
    for client, what, code in (
        (unit, "contributions", "not-asked"),
        (school, "completions", "not-asked"),
        (officer, "contributions", "not-your-move"),
        (officer, "completions", "not-your-move"),
    ):
        answer = await post(client, request, what)
        assert (answer.status_code, answer.json()["code"]) == (403, f"sender/{code}")
    assert (await officer.get(f"/assessments/{request.play}")).status_code == 200
    assert await facts(assessment) == []


@pytest.mark.parametrize(("organisation", "named"), [("agency", "unit"), ("agency", "officer"), ("norrby", "unit")])
async def test_a_service_makes_no_party_s_moves(assessment: App, ask: Ask, organisation: str, named: str):
    """Whatever party its token names: a service sees what its organisation sees, and moves nothing."""
    request = await ask("assessment", contributions=JOINT)
    service = assessment.as_service(organisation, named)
    assert (await service.get(f"/assessments/{request.play}")).status_code == 200
    for what in ("openings", "contributions", "completions"):
        answer = await post(service, request, what)
        assert (answer.status_code, answer.json()["code"]) == (403, "sender/not-your-move")
    assert await facts(assessment) == []


async def test_nothing_follows_the_completion(assessment: App, ask: Ask):
    unit, school = assessment.as_party("unit"), assessment.as_party("school")
    request = await ask("assessment", contributions={"school": "optional"})
    await post(unit, request, "completions")
    for client, what in ((school, "contributions"), (unit, "completions")):
        answer = await post(client, request, what)
        assert (answer.status_code, answer.json()["code"]) == (409, "sender/move-not-allowed")


async def test_others_do_not_find_it(assessment: App, ask: Ask):
    request = await ask("assessment")
    for stranger in (assessment.as_party("unit", organisation="agency"), assessment.as_party("shelter")):
        for answer in (
            await stranger.get(f"/assessments/{request.play}"),
            await post(stranger, request, "completions"),
        ):
            assert answer.status_code == 404
        assert (await stranger.get("/assessments")).json()["items"] == []
    assert (await assessment.as_party("unit").get(f"/assessments/{uuid7()}")).status_code == 404


@pytest.mark.parametrize("at", ["2026-11-02T08:01:00Z", "2026-11-02T07:59:00Z"])
async def test_it_happened_after_it_was_asked_and_before_now(assessment: App, ask: Ask, at: str):
    answer = await post(assessment.as_party("unit"), await ask("assessment"), "completions", at=at)
    assert answer.status_code == 422
    assert await facts(assessment) == []


async def test_a_list_is_filtered(assessment: App, ask: Ask):
    unit = assessment.as_party("unit")
    one, other = await ask("assessment"), await ask("assessment")
    await post(unit, one, "openings")
    for status, request in (("opened", one), ("requested", other)):
        items = (await unit.get("/assessments", params={"status": status})).json()["items"]
        assert [item["id"] for item in items] == [str(request.play)]
    for unknown in ("lost", "\0"):
        for path in ("/assessments", "/activities"):
            assert (await unit.get(path, params={"status": unknown})).status_code == 422

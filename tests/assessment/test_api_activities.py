"""Activities over HTTP: chosen, started, extended, changed and ended, and what is told of each."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.tasks import TaskRequest
from shared.testing.apps import App, Platform

Ask = Callable[..., Awaitable[TaskRequest]]
OFFER = ["work_training", "job_search"]


async def post(client: httpx.AsyncClient, request: TaskRequest, what: str, **body: Any) -> httpx.Response:
    return await client.post(f"/activities/{request.play}/{what}", json=body)


async def refused(client: httpx.AsyncClient, request: TaskRequest, what: str, **body: Any) -> tuple[int, str]:
    answer = await post(client, request, what, **body)
    return answer.status_code, answer.json()["code"].removeprefix("sender/")


async def test_its_planned_end_follows_from_its_start(assessment: App, platform: Platform, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("activity", choose_from=OFFER, lasts="3 months")
    await platform.at(timedelta(days=2))
    answer = await post(unit, request, "starts", activity="job_search", at="2026-11-03T09:00:00+01:00")
    assert (answer.status_code, answer.json()["status"], answer.json()["activity"]) == (201, "started", "job_search")
    (told,) = await assessment.told()
    assert (told.fact, told.time) == ("activity.started", datetime(2026, 11, 3, 8, tzinfo=UTC))
    assert told.said == {
        "task": "first-task",
        "round": 1,
        "play": str(request.play),
        "activity": "job_search",
        "plannedEnd": "2027-02-03T08:00:00Z",
    }


async def test_without_a_choice_and_a_length_neither_is_told(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("activity")
    assert await refused(unit, request, "starts", activity="job_search") == (422, "not-offered")
    await post(unit, request, "starts")
    (told,) = await assessment.told()
    assert told.said.keys() == {"task", "round", "play"}


async def test_one_of_those_offered_is_chosen(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("activity", choose_from=OFFER)
    for said in ({}, {"activity": "gardening"}):
        assert await refused(unit, request, "starts", **said) == (422, "not-offered")
    only = await ask("activity", choose_from=["job_search"])
    assert (await post(unit, only, "starts")).json()["activity"] == "job_search"


async def test_it_starts_once(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("activity")
    await post(unit, request, "starts")
    assert await refused(unit, request, "starts") == (409, "move-not-allowed")
    assert len(await assessment.told()) == 1


async def test_it_is_extended_to_a_later_end(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("activity", lasts="4 weeks")
    assert await refused(unit, request, "extensions", until="2027-01-01T08:00:00Z") == (409, "not-running")
    await post(unit, request, "starts")
    for until in ("2026-11-30T08:00:00Z", "2026-11-01T08:00:00Z"):
        assert await refused(unit, request, "extensions", until=until) == (422, "not-longer")
    answer = await post(unit, request, "extensions", until="2026-12-24T13:00:00+01:00")
    assert answer.json()["plannedEnd"] == "2026-12-24T12:00:00Z"
    assert (await assessment.told("activity.extended"))[0].said["plannedEnd"] == "2026-12-24T12:00:00Z"


async def test_it_changes_to_another_of_those_offered(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("activity", choose_from=OFFER)
    assert await refused(unit, request, "changes", activity="job_search") == (409, "not-running")
    await post(unit, request, "starts", activity="work_training")
    assert await refused(unit, request, "changes", activity="gardening") == (422, "not-offered")
    assert await refused(unit, request, "changes", activity="work_training") == (409, "nothing-new")
    assert (await post(unit, request, "changes", activity="job_search")).json()["activity"] == "job_search"
    assert [told.said["activity"] for told in await assessment.told("activity.changed")] == ["job_search"]


async def test_it_ends_with_one_of_its_outcomes(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("activity", outcomes=["to_work", "to_studies"])
    assert await refused(unit, request, "endings", outcome="to_work") == (409, "move-not-allowed")
    await post(unit, request, "starts")
    for said in ({}, {"outcome": "elsewhere"}):
        assert await refused(unit, request, "endings", **said) == (422, "outcome-unknown")
    await post(unit, request, "endings", outcome="to_work")
    assert [told.said["outcome"] for told in await assessment.told("activity.ended")] == ["to_work"]
    assert await refused(unit, request, "extensions", until="2027-01-01T08:00:00Z") == (409, "not-running")


async def test_having_started_is_no_way_to_end(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("activity", outcomes=["started"])
    await post(unit, request, "starts")
    assert await refused(unit, request, "endings", outcome="started") == (422, "outcome-unknown")
    await post(unit, request, "endings")
    assert "outcome" not in (await assessment.told("activity.ended"))[0].said


async def test_nothing_happens_before_the_start(assessment: App, platform: Platform, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("activity", choose_from=OFFER)
    await platform.at(timedelta(days=2))
    assert await refused(unit, request, "starts", activity=OFFER[0], at="2026-11-01T08:00:00Z") == (422, "too-early")
    await post(unit, request, "starts", activity=OFFER[0], at="2026-11-03T08:00:00Z")
    before = "2026-11-03T07:59:59Z"
    assert await refused(unit, request, "changes", activity=OFFER[1], at=before) == (422, "too-early")
    assert await refused(unit, request, "endings", at=before) == (422, "too-early")
    assert await refused(unit, request, "endings", at="2026-11-05T08:00:00Z") == (422, "not-in-the-past")


@pytest.mark.parametrize("what", ["starts", "extensions", "changes", "endings"])
async def test_others_do_not_find_it_and_guests_do_not_move_it(assessment: App, ask: Ask, what: str):
    request = await ask("activity", choose_from=OFFER)
    body = {
        "starts": {"activity": OFFER[0]},
        "extensions": {"until": "2027-01-01T08:00:00Z"},
        "changes": {"activity": OFFER[1]},
        "endings": {},
    }[what]
    stranger = assessment.as_party("unit", organisation="agency")
    assert await refused(stranger, request, what, **body) == (404, "not-found")
    assert await refused(assessment.as_party("school"), request, what, **body) == (403, "not-your-move")
    assert (await stranger.get(f"/activities/{request.play}")).status_code == 404
    assert (await assessment.as_party("school").get(f"/activities/{request.play}")).json()["status"] == "requested"

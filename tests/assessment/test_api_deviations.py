"""Deviations over HTTP: reported unasked, by those with a part in the case, and told without a play."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.ids import uuid7
from shared.tasks import TaskRequest
from shared.testing.apps import App, Platform
from shared.testing.asking import requested
from shared.testing.assessment_plans import refusal

Ask = Callable[..., Awaitable[TaskRequest]]
KINDS = ("assessment", "activity", "decision", "plan")


async def report(client: httpx.AsyncClient, case: object, reason: str = "absence", **said: str) -> httpx.Response:
    return await client.post("/deviations", json={"caseId": str(case), "reason": reason, **said})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("organisation", "party"), [("norrby", "unit"), ("norrby", "school"), ("agency", "officer")])
async def test_whoever_has_a_part_reports_it(assessment: App, ask: Ask, kind: str, organisation: str, party: str):
    client, request = assessment.as_party(party, organisation=organisation), await ask(kind)
    answer = await report(client, request.case_id, "interrupted")
    assert (answer.status_code, answer.json()["reason"], answer.json()["party"]) == (201, "interrupted", party)
    (told,) = await assessment.told()
    assert (told.fact, told.case_id, told.home) == ("deviation.reported", request.case_id, "norrby")
    assert (told.said, told.audience) == ({"reason": "interrupted", "party": party}, {"norrby"})
    assert (await client.get(f"/deviations/{answer.json()['id']}")).json() == answer.json()
    assert [item["id"] for item in (await client.get("/deviations")).json()["items"]] == [answer.json()["id"]]


async def test_a_stranger_knows_no_such_case(assessment: App, ask: Ask):
    request = await ask("plan")
    for stranger in (assessment.as_party("unit", organisation="agency"), assessment.as_party("shelter")):
        known, unknown = await report(stranger, request.case_id), await report(stranger, uuid7())
        assert refusal(known) == refusal(unknown) == (404, "not-found")
    assert refusal(await report(assessment.as_party("unit"), uuid7())) == (404, "not-found")
    assert await assessment.told() == []


async def test_a_service_reports_nothing_for_a_party(assessment: App, ask: Ask):
    request = await ask("plan")
    for service in (assessment.as_service("norrby", "unit"), assessment.as_service("agency", "booking")):
        assert refusal(await report(service, request.case_id)) == (403, "not-your-move")
    assert await assessment.told() == []


async def test_a_part_in_one_case_is_none_in_another(assessment: App, ask: Ask):
    one, other = await ask("plan"), await ask("plan", sees=[])
    school = assessment.as_party("school")
    assert (await report(school, one.case_id)).status_code == 201
    assert refusal(await report(school, other.case_id)) == (404, "not-found")
    assert [told.case_id for told in await assessment.told()] == [one.case_id]


async def test_it_is_told_to_the_home_of_the_case(platform: Platform):
    theirs = await platform.start("agency", "assessment")
    request = requested("plan", uuid7(), party="officer", organisation="agency", addressee="agency")
    await theirs.hears(request)
    assert (await report(theirs.as_party("officer"), request.case_id)).status_code == 201
    (told,) = await theirs.told()
    assert (told.home, told.audience) == ("norrby", {"agency", "norrby"})


@pytest.mark.parametrize("said", [{"reason": "he drinks"}, {"words": "he drinks"}, {"caseId": "his"}])
async def test_a_reason_is_a_word_and_no_text(assessment: App, ask: Ask, said: dict[str, str]):
    request = await ask("plan")
    body = {"caseId": str(request.case_id), "reason": "absence", **said}
    answer = await assessment.as_party("unit").post("/deviations", json=body)
    assert refusal(answer) == (422, "invalid")
    assert "drinks" not in answer.text


async def test_it_happened_in_the_case_and_before_now(assessment: App, platform: Platform, ask: Ask):
    unit, first = assessment.as_party("unit"), await ask("plan")
    moved = await platform.at(timedelta(days=3))
    later = await ask("activity", case=first.case_id, task="later-task", at=moved)
    assert later.case_id == first.case_id
    assert refusal(await report(unit, first.case_id, at="2026-11-01T08:00:00Z")) == (422, "too-early")
    assert refusal(await report(unit, first.case_id, at="2026-11-06T08:00:00Z")) == (422, "not-in-the-past")
    said = await report(unit, first.case_id, at="2026-11-03T09:00:00+01:00")
    assert said.json()["at"] == "2026-11-03T08:00:00Z"
    (told,) = await assessment.told()
    assert (told.time, told.recorded) == (datetime(2026, 11, 3, 8, tzinfo=UTC), moved)


async def test_each_report_is_one_of_its_own(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("plan")
    body, key = {"caseId": str(request.case_id), "reason": "absence"}, {"Idempotency-Key": str(uuid7())}
    same = [(await unit.post("/deviations", json=body, headers=key)).json()["id"] for _ in range(2)]
    other = (await report(unit, request.case_id)).json()["id"]
    assert same[0] == same[1] != other
    assert len(await assessment.told("deviation.reported")) == 2


async def test_only_the_reporter_sees_the_report(assessment: App, ask: Ask):
    request = await ask("plan")
    made = (await report(assessment.as_party("unit"), request.case_id)).json()["id"]
    school = assessment.as_party("school")
    assert (await school.get(f"/deviations/{made}")).status_code == 404
    assert (await school.get("/deviations")).json()["items"] == []

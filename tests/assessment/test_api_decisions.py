"""Decisions over HTTP: each signs, by its own rules where each decides, then it is made."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.tasks import TaskRequest
from shared.testing.apps import App, Platform
from shared.testing.asking import recalled
from shared.testing.assessment_plans import refusal

Ask = Callable[..., Awaitable[TaskRequest]]
WORDS = ["rehabilitation", "not_rehabilitation"]
BOTH = pytest.mark.parametrize("assessment", ["sqlite", "postgresql"], indirect=True)


async def post(client: httpx.AsyncClient, request: TaskRequest, what: str, **body: Any) -> httpx.Response:
    return await client.post(f"/decisions/{request.play}/{what}", json=body)


async def facts(assessment: App) -> list[str]:
    return [told.fact for told in await assessment.told()]


async def test_each_decides_by_its_own_rules(assessment: App, ask: Ask):
    unit, school = assessment.as_party("unit"), assessment.as_party("school")
    officer = assessment.as_party("officer", organisation="agency")
    request = await ask("decision", signed_by=["school", "officer"], each_decides=True, outcomes=WORDS)
    for said in ({}, {"outcome": "perhaps"}):
        assert refusal(await post(school, request, "signatures", **said)) == (422, "outcome-unknown")
    first = await post(school, request, "signatures", outcome="rehabilitation")
    assert (first.status_code, first.json()["status"], first.json()["unsigned"]) == (201, "signing", ["officer"])
    early = await post(unit, request, "makings", outcome="rehabilitation")
    assert (*refusal(early), early.json()["detail"]) == (409, "signatures-missing", "Wait for: officer.")
    await post(officer, request, "signatures", outcome="not_rehabilitation")
    made = (await post(unit, request, "makings", outcome="rehabilitation")).json()
    assert (made["status"], made["outcome"]) == ("made", "rehabilitation")
    assert [(each["signer"], each["ownOutcome"]) for each in made["signatures"]] == [
        ("school", "rehabilitation"),
        ("officer", "not_rehabilitation"),
    ]
    *signed, last = await assessment.told()
    repeats = {"task": "first-task", "round": 1, "play": str(request.play)}
    assert [each.said for each in signed] == [
        repeats | {"party": "school", "ownOutcome": "rehabilitation"},
        repeats | {"party": "officer", "ownOutcome": "not_rehabilitation"},
    ]
    assert (last.fact, last.said) == ("decision.made", repeats | {"outcome": "rehabilitation"})


async def test_one_outcome_for_all_is_given_when_it_is_made(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("decision", signed_by=["unit"], outcomes=WORDS)
    assert refusal(await post(unit, request, "signatures", outcome=WORDS[0])) == (422, "not-one-each")
    await post(unit, request, "signatures")
    for said in ({}, {"outcome": "perhaps"}):
        assert refusal(await post(unit, request, "makings", **said)) == (422, "outcome-unknown")
    await post(unit, request, "makings", outcome=WORDS[1])
    signed, made = await assessment.told()
    assert signed.said.keys() == {"task", "round", "play", "party"}
    assert made.said["outcome"] == WORDS[1]


async def test_where_nobody_signs_it_is_made_at_once(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("decision", outcomes=["granted"])
    assert refusal(await post(unit, request, "signatures")) == (403, "not-asked")
    assert (await post(unit, request, "makings")).json()["outcome"] == "granted"
    assert await facts(assessment) == ["decision.made"]


async def test_each_signs_for_itself_and_whoever_was_asked_makes_it(assessment: App, ask: Ask):
    unit, school = assessment.as_party("unit"), assessment.as_party("school")
    officer = assessment.as_party("officer", organisation="agency")
    request = await ask("decision", signed_by=["participant", "school"])
    for client, what, said, code in (
        (unit, "signatures", {}, "not-asked"),
        (unit, "signatures", {"signer": "school"}, "not-asked"),
        (school, "signatures", {"signer": "participant", "manner": "eid"}, "not-asked"),
        (officer, "signatures", {}, "not-your-move"),
        (officer, "makings", {}, "not-your-move"),
        (assessment.as_service("norrby", "unit"), "makings", {}, "not-your-move"),
    ):
        assert refusal(await post(client, request, what, **said)) == (403, code)
    await post(school, request, "signatures")
    assert refusal(await post(school, request, "makings")) == (403, "not-asked")
    assert refusal(await post(school, request, "signatures")) == (409, "signed-already")
    await post(unit, request, "signatures", signer="participant", manner="eid")
    assert (await post(unit, request, "makings")).json()["status"] == "made"
    assert await facts(assessment) == ["decision.signed", "decision.signed", "decision.made"]


async def test_a_person_signs_without_an_outcome_and_whoever_is_of_age_without_a_guardian(assessment: App, ask: Ask):
    unit = assessment.as_party("unit")
    request = await ask("decision", signed_by=["participant", "guardian_if_under_18"], each_decides=True)
    person = {"signer": "participant", "manner": "paper"}
    assert refusal(await post(unit, request, "signatures", **person, outcome="done")) == (422, "not-one-each")
    await post(unit, request, "signatures", signer="guardian_if_under_18", manner="of_age")
    await post(unit, request, "signatures", **person)
    await post(unit, request, "makings")
    assert [told.said.get("party") for told in await assessment.told()] == ["participant", None]


async def test_nothing_follows_it(assessment: App, ask: Ask):
    unit, school = assessment.as_party("unit"), assessment.as_party("school")
    request = await ask("decision", signed_by=["school"])
    await post(school, request, "signatures")
    await post(unit, request, "makings")
    for client, what in ((school, "signatures"), (unit, "makings")):
        assert refusal(await post(client, request, what)) == (409, "move-not-allowed")
    taken = await ask("decision", signed_by=["school"], task="other-task")
    await assessment.hears(recalled(taken))
    assert refusal(await post(school, taken, "signatures")) == (409, "move-not-allowed")
    empty = await ask("decision")
    await assessment.hears(recalled(empty))
    assert refusal(await post(unit, empty, "makings")) == (409, "move-not-allowed")
    assert len(await facts(assessment)) == 2


async def test_it_is_made_after_it_was_signed(assessment: App, platform: Platform, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("decision", signed_by=["unit"])
    await platform.at(timedelta(days=3))
    assert refusal(await post(unit, request, "signatures", at="2026-11-01T08:00:00Z")) == (422, "too-early")
    await post(unit, request, "signatures", at="2026-11-03T08:00:00Z")
    assert refusal(await post(unit, request, "makings", at="2026-11-03T07:59:59Z")) == (422, "too-early")
    assert refusal(await post(unit, request, "makings", at="2026-11-06T08:00:00Z")) == (422, "not-in-the-past")
    assert (await post(unit, request, "makings", at="2026-11-03T08:00:00Z")).status_code == 201


async def test_others_do_not_find_it(assessment: App, ask: Ask):
    request = await ask("decision", signed_by=["school"])
    for stranger in (assessment.as_party("school", organisation="agency"), assessment.as_party("shelter")):
        assert (await stranger.get(f"/decisions/{request.play}")).status_code == 404
        assert (await post(stranger, request, "signatures")).status_code == 404
        assert (await post(stranger, request, "makings")).status_code == 404
        assert (await stranger.get("/decisions")).json()["items"] == []


async def test_a_list_is_filtered(assessment: App, ask: Ask):
    unit = assessment.as_party("unit")
    one, other = await ask("decision"), await ask("decision")
    await post(unit, one, "makings")
    for status, request in (("made", one), ("requested", other)):
        items = (await unit.get("/decisions", params={"status": status})).json()["items"]
        assert [item["id"] for item in items] == [str(request.play)]


@BOTH
async def test_it_is_made_once(assessment: App, ask: Ask):
    unit, school = assessment.as_party("unit"), assessment.as_party("school")
    for _ in range(5):
        request = await ask("decision", signed_by=["school", "unit"])
        both = await asyncio.gather(post(unit, request, "signatures"), post(school, request, "signatures"))
        assert [answer.status_code for answer in both] == [201, 201]
        made = await asyncio.gather(post(unit, request, "makings"), post(unit, request, "makings"))
        assert sorted(answer.status_code for answer in made) == [201, 409]
        told = [each.fact for each in await assessment.told(case=request.case_id)]
        assert told == ["decision.signed", "decision.signed", "decision.made"]

"""Plans over HTTP: written, signed by all, agreed once a version, and revised."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.tasks import TaskRequest
from shared.testing.apps import App, Platform
from shared.testing.assessment_plans import refusal, sign, sign_for, step, write

Ask = Callable[..., Awaitable[TaskRequest]]
ALL = ["participant", "unit", "officer"]


def facts(told: list[Any]) -> list[tuple[str, str | None, int]]:
    return [(each.fact, each.said.get("party"), each.said["version"]) for each in told]


async def test_all_sign_and_it_is_agreed(assessment: App, platform: Platform, ask: Ask):
    unit, officer = assessment.as_party("unit"), assessment.as_party("officer", organisation="agency")
    request = await ask("plan", signed_by=ALL, outcomes=["agreed"])
    await platform.at(timedelta(days=3))
    written = await write(unit, request, step("sfi", 40, counts="half", ends="2027-03-01"), at="2026-11-02T09:00:00Z")
    assert (written.status_code, written.headers["etag"]) == (201, '"2"')
    assert (written.json()["status"], written.json()["unsigned"]) == ("requested", ALL)
    assert await assessment.told() == []

    assert (await sign(officer, request, at="2026-11-05T08:00:00+01:00")).json()["unsigned"] == ["participant", "unit"]
    assert (await sign(unit, request, at="2026-11-04T09:00:00Z")).json()["status"] == "signing"
    agreed = await sign_for(unit, request, at="2026-11-03T09:00:00Z")
    assert (agreed.json()["status"], agreed.json()["unsigned"]) == ("agreed", [])
    *signed, last = await assessment.told()
    assert facts(signed) == [("plan.signed", who, 1) for who in ("officer", "unit", "participant")]
    assert last.said == {
        "task": "first-task",
        "round": 1,
        "play": str(request.play),
        "outcome": "agreed",
        "version": 1,
        "findings": {},
    }
    assert (last.fact, last.time) == ("plan.agreed", datetime(2026, 11, 5, 7, tzinfo=UTC))
    assert last.audience == {"norrby"}


async def test_what_it_says_is_told_to_nobody(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("plan", signed_by=["participant"])
    await write(unit, request, step("language-cafe", 12, party="school"))
    await sign_for(unit, request, manner="eid")
    revision = (await assessment.as_party("school").get(f"/plans/{request.play}")).json()["revision"]
    assert revision["steps"] == [
        {
            "activity": "language-cafe",
            "party": "school",
            "starts": "2026-11-02",
            "ends": None,
            "weeklyHours": 12,
            "counts": "full",
        }
    ]
    assert [(each["signer"], each["by"], each["manner"]) for each in revision["signatures"]] == [
        ("participant", "unit", "eid")
    ]
    for told in await assessment.told():
        assert not {"language-cafe", "eid", "steps", "12"} & set(map(str, [*told.said, *told.said.values()]))


async def test_a_new_version_is_signed_anew(assessment: App, ask: Ask):
    unit, officer = assessment.as_party("unit"), assessment.as_party("officer", organisation="agency")
    request = await ask("plan", signed_by=["unit", "officer"])
    await write(unit, request)
    await sign(officer, request)
    second = await write(unit, request, step("studies"))
    assert (second.json()["revision"]["number"], second.json()["unsigned"]) == (2, ["unit", "officer"])
    assert refusal(await sign(unit, request, 1)) == (409, "old-revision")
    assert refusal(await sign(unit, request, 3)) == (409, "old-revision")
    await sign(unit, request, 2)
    assert await assessment.told("plan.agreed") == []
    assert (await sign(officer, request, 2)).json()["status"] == "agreed"
    assert facts(await assessment.told()) == [
        ("plan.signed", "officer", 1),
        ("plan.signed", "unit", 2),
        ("plan.signed", "officer", 2),
        ("plan.agreed", None, 2),
    ]
    versions = (await officer.get(f"/plans/{request.play}/revisions")).json()["items"]
    assert [(each["number"], [one["signer"] for one in each["signatures"]]) for each in versions] == [
        (1, ["officer"]),
        (2, ["unit", "officer"]),
    ]


async def test_what_was_agreed_is_revised_and_agreed_again(assessment: App, ask: Ask):
    unit, request = assessment.as_party("unit"), await ask("plan", signed_by=["unit"])
    await write(unit, request)
    await sign(unit, request)
    assert (await write(unit, request)).json()["status"] == "signing"
    assert refusal(await sign(unit, request, 1)) == (409, "old-revision")
    await write(unit, request)
    await sign(unit, request, 3)
    assert facts(await assessment.told()) == [
        ("plan.signed", "unit", 1),
        ("plan.agreed", None, 1),
        ("plan.revised", None, 2),
        ("plan.signed", "unit", 3),
        ("plan.agreed", None, 3),
    ]


async def test_it_answers_what_home_asked(assessment: App, ask: Ask):
    unit = assessment.as_party("unit")
    request = await ask("plan", finds={"hours": ["full_40", "sfi_only_20"]}, outcomes=["work", "studies"])
    for findings in ({}, {"hours": "ten"}, {"hours": "full_40", "mood": "good"}):
        wrong = await write(unit, request, findings=findings, outcome="work")
        assert refusal(wrong) == (422, "findings-wrong")
        assert "mood" not in wrong.text
    assert refusal(await write(unit, request, findings={"hours": "full_40"})) == (422, "outcome-unknown")
    await write(unit, request, findings={"hours": "full_40"}, outcome="studies")
    await sign(unit, request)
    (agreed,) = await assessment.told("plan.agreed")
    assert (agreed.said["findings"], agreed.said["outcome"]) == ({"hours": "full_40"}, "studies")


async def test_contributions_come_before_signatures(assessment: App, ask: Ask):
    unit, school = assessment.as_party("unit"), assessment.as_party("school")
    officer = assessment.as_party("officer", organisation="agency")
    request = await ask("plan", contributions={"school": "required", "officer": "optional"})
    await write(unit, request)
    assert refusal(await sign(unit, request)) == (409, "contributions-missing")
    path = f"/plans/{request.play}/contributions"
    given = await school.post(path, json={})
    assert {"party": "school", "need": "required", "given": True} in given.json()["contributions"]
    assert refusal(await school.post(path, json={})) == (409, "contributed-already")
    assert refusal(await unit.post(path, json={})) == (403, "not-asked")
    assert (await sign(unit, request)).json()["status"] == "agreed"
    assert (await officer.post(path, json={})).status_code == 201
    assert [told.fact for told in await assessment.told()] == ["plan.signed", "plan.agreed"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"ends": "2026-11-01"}, "steps-wrong"),
        ({"party": "psychiatry"}, "steps-wrong"),
        ({"activity": "Praktik hos Anna"}, "invalid"),
        ({"activity": "199001012385"}, "invalid"),
        ({"weeklyHours": 81}, "invalid"),
        ({"words": "what we talked about"}, "invalid"),
    ],
)
async def test_a_step_is_a_code_of_those_who_take_part(assessment: App, ask: Ask, said: dict[str, Any], code: str):
    answer = await write(assessment.as_party("unit"), await ask("plan"), step() | said)
    assert refusal(answer) == (422, code)
    assert not any(str(value) in answer.text for value in said.values() if len(str(value)) > 2)


async def test_a_list_is_filtered(assessment: App, ask: Ask):
    unit = assessment.as_party("unit")
    one, other = await ask("plan"), await ask("plan")
    await write(unit, one)
    await sign(unit, one)
    for status, request in (("agreed", one), ("requested", other)):
        items = (await unit.get("/plans", params={"status": status})).json()["items"]
        assert [item["id"] for item in items] == [str(request.play)]

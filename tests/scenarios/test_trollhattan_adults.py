"""P02, adults at Jobbcentrum, over HTTP with every party's own token: both ways in, to its ends."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from shared.testing.apps import FIVE
from shared.testing.assessment_plans import sign, sign_for, write
from shared.testing.everybody import DAY, Everybody
from shared.testing.sending import NUMBERS, XLSX, Sender, as_csv, row

ROOT = Path(__file__).parents[2]
HOME, PATHWAY = "trollhattan", "trollhattan/adults"
SOCIAL, UNIT, AF = "social_services", "labour_market_unit", "af"
FIRST, SECOND = "interpreter_agency", "second_interpreter_agency"
RUNS = {HOME: FIVE, "af": ("assessment", "booking"), "tolkbyran": (), "sprakbron": ()}
WHERE = {AF: "af", FIRST: "tolkbyran", SECOND: "sprakbron"}
SOMALI: dict[str, Any] = {"language": "som", "mode": "on_site"}
WEEK = 7 * DAY


@dataclass(frozen=True)
class Asked:
    """What home asked for, by the id that its service knows it by."""

    play: UUID


@pytest.fixture
async def adults(tmp_path: Path) -> AsyncGenerator[Everybody]:
    async with Everybody.running(tmp_path, deploy=ROOT / "deploy", home=HOME, runs=RUNS, where=WHERE) as everybody:
        yield everybody


async def by_document(adults: Everybody) -> str:
    """One person in a booking document of the social services'; the case that it became."""
    line = row(NUMBERS[0], **{"Väg": PATHWAY, "Ingång": "Bokningsdokument"})
    sender = Sender.of(adults.referral)
    (became,) = await sender.results(as_csv([line]))
    assert became == (2, "received", None)
    await adults.platform.quiet()
    (referral,) = await adults.sees(SOCIAL, "referral/referrals")
    return referral["caseId"]


async def directly(adults: Everybody) -> str:
    """One person whom the employment service refers; the case that it became."""
    contact = {"givenName": "Alma", "familyName": "Almkvist", "phone": "070-1740601", "language": "som"}
    person = {"identity": {"type": "personnummer", "value": NUMBERS[0]}, "contact": contact}
    referral = await adults.says(AF, "referral/referrals", pathway=PATHWAY, door="direct", person=person)
    return referral["caseId"]


async def nobody_but(adults: Everybody, referrer: str, case: str) -> None:
    """Queue, API and feed: before the waiver the case is there for its referrer alone."""
    for party in {SOCIAL, UNIT, AF} - {referrer}:
        assert await adults.hear(party) == []
        assert (await adults.client(party, "referral").get(f"/cases/{case}")).status_code == 404
        report = {"caseId": case, "purpose": "meeting", "categories": ["contact"]}
        assert (await adults.client(party, "referral").post("/releases", json=report)).status_code == 404
    for service in ("booking", "assessment"):
        assert await adults.read(service, "af") == 0
    told = await adults.referral.told(case=UUID(case))
    heard = {"trollhattan", "af"} if referrer == AF else {"trollhattan"}
    assert {each.fact for each in told} <= {"referral.received", "consent.requested", "deadline.met", "case.closed"}
    assert set[str]().union(*(each.audience for each in told)) <= heard
    for organisation in {"af", "tolkbyran", "sprakbron"} - heard:
        assert await adults.feed(organisation) == []


async def test_from_the_booking_document_to_work(adults: Everybody) -> None:
    case = await by_document(adults)
    await nobody_but(adults, SOCIAL, case)
    await adults.waiver(SOCIAL)
    await talk_with_an_interpreter(adults)
    await competence(adults, depth="needs_more")
    (deeper,) = await adults.sees(UNIT, "assessment/assessments", task="in-depth")
    await adults.says(UNIT, f"assessment/assessments/{deeper['id']}/completions")
    await coach_beside_the_plan(adults)
    (work,) = await adults.sees(UNIT, "assessment/activities")
    await adults.says(UNIT, f"assessment/activities/{work['id']}/starts", activity="job_track")
    await the_group_follows_up(adults)
    await a_deviation_leads_to_a_meeting(adults, case)
    await adults.says(UNIT, f"assessment/activities/{work['id']}/endings", outcome="work")
    assert await adults.became(SOCIAL) == ("ended", "to_work")
    assert await adults.parked() == []


async def talk_with_an_interpreter(adults: Everybody) -> None:
    """Who books orders it: refused by one agency, confirmed by the other, and anew when the meeting is moved."""
    (talk,) = await adults.sees(SOCIAL, "booking/meetings")
    path = f"booking/meetings/{talk['id']}/interpreter-orders"
    await adults.book(SOCIAL, talk["id"], adults.now + WEEK)
    assert (await adults.tries(UNIT, path, **SOMALI)).status_code == 403
    await adults.says(SOCIAL, path, **SOMALI)
    assert await adults.sees(SECOND, "booking/interpreter-orders") == []
    asked = await adults.order(FIRST)
    await adults.says(FIRST, f"booking/interpreter-orders/{asked['id']}/refusals", reason="nobody_free")
    asked = await adults.order(SECOND)
    await adults.says(SECOND, f"booking/interpreter-orders/{asked['id']}/confirmations", interpreter="T-10234")
    await adults.book(SOCIAL, talk["id"], adults.now + WEEK + DAY)
    assert (await adults.order(SECOND))["status"] == "released"
    anew = await adults.order(FIRST)
    await adults.says(FIRST, f"booking/interpreter-orders/{anew['id']}/confirmations", interpreter="T-77")
    assert set(asked) & {"caseId", "personId", "task"} == set()
    held = await adults.meet(SOCIAL, "assessment-talk")
    assert (held["status"], held["interpreter"]) == ("held", "confirmed")
    assert await adults.app("booking").told("meeting.unready") == []


async def competence(adults: Everybody, depth: str) -> None:
    (found,) = await adults.sees(UNIT, "assessment/assessments", task="competence")
    for party in (SOCIAL, UNIT):
        await adults.says(party, f"assessment/assessments/{found['id']}/contributions")
    await adults.says(UNIT, f"assessment/assessments/{found['id']}/completions", findings={"depth": depth})


async def coach_beside_the_plan(adults: Everybody) -> None:
    """The coach is assigned while the plan is written; the interventions begin when both are done."""
    (role,) = await adults.sees(UNIT, "referral/roles")
    (plan,) = await adults.sees(UNIT, "assessment/plans")
    assert (role["task"], role["status"], plan["signedBy"]) == ("coach", "requested", ["participant", UNIT])
    await adults.says(UNIT, f"referral/roles/{role['id']}/assignments", holder="JC-117")
    assert [each["holder"] for each in await adults.sees(AF, "referral/roles")] == ["JC-117"]
    unit, asked = adults.client(UNIT, "assessment"), Asked(UUID(plan["id"]))
    assert (await write(unit, asked)).status_code == 201
    assert (await sign(unit, asked)).status_code == 201
    assert await adults.told("activity.requested") == []
    assert (await sign_for(unit, asked)).json()["status"] == "agreed"
    await adults.platform.quiet()


async def the_group_follows_up(adults: Everybody) -> None:
    """Each week the case stands on the agenda: it goes on; a week later the group wants a new meeting."""
    for outcome in ("goes_on", "new_meeting"):
        assert await adults.sees(UNIT, "booking/agendas", status="requested") == []
        await adults.at(WEEK)
        (item,) = await adults.sees(AF, "booking/agendas", status="requested")
        assert (item["group"], item["every"]) == ("trollhattan/adults-weekly", "1 week")
        path = f"booking/agenda-items/{item['id']}"
        assert (await adults.tries(AF, f"{path}/decisions", outcome=outcome)).status_code == 403
        await adults.says(UNIT, f"{path}/listings", sitting=adults.now.date().isoformat())
        assert await adults.told("meeting.requested", task="follow-up-meeting") == []
        await adults.says(UNIT, f"{path}/decisions", outcome=outcome)
    await adults.meet(UNIT, "follow-up-meeting")


async def a_deviation_leads_to_a_meeting(adults: Everybody, case: str) -> None:
    """Of everyone in the plan, whoever reports it."""
    await adults.says(AF, "assessment/deviations", caseId=case, reason="absence")
    (asked,) = await adults.told("meeting.requested", task="deviation-meeting")
    assert {each["party"] for each in asked.said["participants"]} == {SOCIAL, UNIT, AF}
    assert asked.said["interpreters"]["orderedBy"] == UNIT
    await adults.meet(UNIT, "deviation-meeting", outcome="plan_stands")


async def test_refused_it_ends_and_nobody_else_hears(adults: Everybody) -> None:
    case = await by_document(adults)
    await adults.waiver(SOCIAL, "refusals")
    assert await adults.became(SOCIAL) == ("ended", "not_admitted")
    await nobody_but(adults, SOCIAL, case)


async def test_directly_from_the_employment_service(adults: Everybody) -> None:
    """It books at its own booking, and orders the interpreter there; nobody comes, and home hears of it in time."""
    case = await directly(adults)
    await nobody_but(adults, AF, case)
    await adults.waiver(AF)
    (talk,) = await adults.sees(UNIT, "booking/meetings", "af")
    assert await adults.read("booking", "af") == 1
    assert await adults.sees(UNIT, "booking/meetings") == []
    await adults.book(AF, talk["id"], adults.now + WEEK, "af")
    await adults.says(AF, f"booking/meetings/{talk['id']}/interpreter-orders", "af", **SOMALI)
    assert (await adults.order(FIRST, "af"))["status"] == "asked"
    before = [each.said["reach"] for each in await adults.told("deadline.met")]
    await adults.at(5 * DAY)
    assert (await adults.order(SECOND, "af"))["status"] == "asked"
    assert await adults.told("case.moved", moment="unready") == [], "onlookers learn that the person needs one"
    assert await adults.sentences(case) == (
        "The case waits for The Public Employment Service: Assessment talk, done, due 2026-11-30 09:00."
        " Last heard: no interpreter is confirmed."
    )
    assert [each.said["reach"] for each in await adults.told("deadline.met")] == before
    asked = await adults.order(SECOND, "af")
    await adults.says(SECOND, f"booking/interpreter-orders/{asked['id']}/confirmations", "af", interpreter="T-77")
    await adults.meet(AF, "assessment-talk", at="af")
    await competence(adults, depth="enough")
    assert await adults.told("assessment.requested", task="in-depth") == []
    await coach_beside_the_plan(adults)
    (work,) = await adults.sees(UNIT, "assessment/activities")
    await adults.says(UNIT, f"assessment/activities/{work['id']}/starts", activity="education")
    await adults.says(UNIT, f"assessment/activities/{work['id']}/endings", outcome="studies")
    assert await adults.became(AF) == ("ended", "to_studies")
    assert await adults.parked() == []


async def test_the_example_s_booking_document_comes_in(adults: Everybody) -> None:
    content = (ROOT / "examples/trollhattan/bokningsdokument.xlsx").read_bytes()
    results: list[Any] = await Sender.of(adults.referral).results(content, XLSX, rows="good")
    *received, refused = results
    assert {became for _, became, _ in received} == {"received"}
    assert refused == (8, "refused", "sender/age-outside")
    await adults.platform.quiet()
    assert len(await adults.told("consent.requested")) == len(received) == 6
    assert await adults.hear(UNIT) == []

"""Home plays the case: what it asks, what it hears, what it takes back, and what it does not believe."""

from datetime import datetime, timedelta
from pathlib import Path
from shutil import copytree
from uuid import UUID

import pytest
from sqlalchemy import text

from referral import events
from shared.ids import uuid7
from shared.testing.apps import FIVE, App, Platform
from shared.testing.asking import recalled, requested
from shared.testing.homes import Home

PATHWAY = "bengtsfors/income-support"
MINUTE = timedelta(minutes=1)


async def version_of(home: Home, case: str) -> tuple[int, str]:
    """The version and the file of a case."""
    async with home.app.here.database.reading() as connection:
        rows = await connection.execute(text('SELECT version, file FROM "case" WHERE id = :id'), {"id": UUID(case).hex})
        return next((row.version, row.file) for row in rows)


async def test_who_has_a_part_sees_the_case_and_nobody_in_it(home: Home):
    referral = await home.refer()
    case = referral["caseId"]
    for client in (home.sender, home.receiver):
        answer = await client.get(f"/cases/{case}")
        assert answer.status_code == 200
        assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
        assert answer.json().keys() == {
            *(
                "id",
                "referralId",
                "pathway",
                "pathwayVersion",
                "openedAt",
                "closedAt",
                "ending",
                "version",
                "samePerson",
            )
        }
    for stranger in (home.app.as_party("school"), home.app.as_party("labour_market_unit", organisation="agency")):
        assert (await stranger.get(f"/cases/{case}")).status_code == 404
        assert (await stranger.get("/cases")).json()["items"] == []


async def test_a_case_says_what_it_waits_for(home: Home):
    referral = await home.refer()
    operator = home.app.as_operator()
    waits = (await operator.get(f"/cases/{referral['caseId']}/waits")).json()
    (wait,) = [each for each in waits["items"] if each["what"] == "investigating-interview.booked"]
    assert (wait["owner"], wait["state"]) == ("social_services", "open")
    assert wait["due"] == (await home.asked(referral, "investigating-interview")).said["due"]["booked"]
    assert waits["sentences"].keys() == {"sv", "en"}
    assert all(sentence.endswith(".") for sentence in waits["sentences"].values())
    assert (await operator.get(f"/cases/{uuid7()}/waits")).json()["items"] == []
    assert (await home.sender.get(f"/cases/{referral['caseId']}/waits")).status_code == 403


async def test_the_referral_is_returned_until_the_assessment_meeting_is_booked(home: Home):
    referral = await home.refer()
    path = f"/cases/{referral['caseId']}/returns"
    assert (await home.sender.post(path, json={"reason": "wrong_address"})).status_code == 403
    wrong = await home.receiver.post(path, json={"reason": "because"})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "sender/not-returnable")
    reason = wrong.json()["detail"].removesuffix(".").rpartition(" ")[2]
    stale = await home.receiver.post(path, json={"reason": reason}, headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    answer = await home.receiver.post(path, json={"reason": reason})
    assert (answer.status_code, answer.json()["ending"]) == (201, "returned")
    await home.platform.quiet()
    assert await home.seen(referral) == ("returned", reason, "returned")
    assert [told.said["reason"] for told in await home.facts(referral, "referral.returned")] == [reason]
    assert (await home.receiver.post(path, json={"reason": reason})).json()["code"] == "sender/not-returnable"


async def test_and_not_after(home: Home):
    referral = await home.refer()
    await home.interviewed(referral)
    request = await home.asked(referral, "assessment-meeting")
    await home.hears(request, "booked")
    reason = {"reason": "wrong_address"}
    answer = await home.receiver.post(f"/cases/{referral['caseId']}/returns", json=reason)
    assert (answer.status_code, answer.json()["code"]) == (409, "sender/not-returnable")
    assert answer.json()["detail"] == "What was asked has begun; end the case by its tasks."
    assert (await home.seen(referral))[0] == "opened"


async def test_a_missed_deadline_is_told_once_at_its_own_time(home: Home):
    referral = await home.refer()
    due = (await home.asked(referral, "investigating-interview")).said["due"]["booked"]
    await home.platform.at(datetime.fromisoformat(due) - MINUTE)
    await home.platform.quiet()
    assert await home.facts(referral, "deadline.missed") == []
    for _ in range(3):
        await home.platform.at(timedelta(hours=1))
        await home.platform.quiet()
    (missed,) = await home.facts(referral, "deadline.missed")
    assert (missed.said["task"], missed.said["reach"]) == ("investigating-interview", "booked")
    assert missed.said["due"] == due
    assert missed.time.isoformat().startswith(due.removesuffix("Z"))
    assert missed.recorded > missed.time


async def test_a_deadline_that_held_is_told_and_not_missed_later(home: Home):
    referral = await home.refer()
    await home.hears(await home.asked(referral, "investigating-interview"), "booked")
    (met,) = await home.facts(referral, "deadline.met")
    assert (met.said["reach"], met.said["learntLate"]) == ("booked", False)
    due = (await home.asked(referral, "investigating-interview")).said["due"]["booked"]
    await home.platform.at(datetime.fromisoformat(due) + MINUTE)
    await home.platform.quiet()
    assert await home.facts(referral, "deadline.missed") == []


async def test_what_was_in_time_and_is_learnt_late_is_met(home: Home):
    referral = await home.refer()
    in_time = home.app.here.clock.now() + timedelta(hours=2)
    due = (await home.asked(referral, "investigating-interview")).said["due"]["booked"]
    await home.platform.at(datetime.fromisoformat(due) + MINUTE)
    await home.platform.quiet()
    assert len(await home.facts(referral, "deadline.missed")) == 1
    await home.hears(await home.asked(referral, "investigating-interview"), "booked", at=in_time)
    (met,) = await home.facts(referral, "deadline.met")
    assert (met.said["learntLate"], met.time) == (True, in_time)


async def test_the_same_fact_again_changes_nothing(home: Home):
    """With the same id it is not heard; with another it is known."""
    referral = await home.refer()
    request = await home.asked(referral, "investigating-interview")
    id_, at = uuid7(), home.app.here.clock.now()
    await home.hears(request, "booked", id_=id_, at=at)
    before, told = await version_of(home, referral["caseId"]), await home.facts(referral)
    await home.hears(request, "booked", id_=id_, at=at)
    await home.hears(request, "booked", at=at)
    assert (await version_of(home, referral["caseId"]), await home.facts(referral)) == (before, told)
    assert await home.app.parked() == []


async def test_a_play_that_home_did_not_ask_for_is_ignored(home: Home):
    referral = await home.refer()
    request = await home.asked(referral, "investigating-interview")
    before, told = await version_of(home, referral["caseId"]), await home.facts(referral)
    request.said["play"] = str(uuid7())
    await home.hears(request, "booked")
    assert (await version_of(home, referral["caseId"]), await home.facts(referral)) == (before, told)
    assert await home.app.parked() == []


@pytest.mark.parametrize(
    ("teller", "owner"),
    [("bengtsfors.booking", "agency"), ("agency.booking", "agency"), ("agency.booking", "bengtsfors")],
)
async def test_a_fact_of_another_home_or_of_one_who_was_not_asked_is_not_believed(home: Home, teller: str, owner: str):
    referral = await home.refer()
    request = await home.asked(referral, "investigating-interview")
    before, told = await version_of(home, referral["caseId"]), await home.facts(referral)
    await home.hears(request, "booked", teller=teller, home=owner)
    assert (await version_of(home, referral["caseId"]), await home.facts(referral)) == (before, told)


async def test_what_became_of_a_case_is_not_learnt_from_another_organisation(home: Home, platform: Platform):
    """Agency's referral service may tell withdrawals and endings: of its own cases."""
    referral = await home.refer()
    before, told = await version_of(home, referral["caseId"]), await home.facts(referral)
    case, now = UUID(referral["caseId"]), home.app.here.clock.now()
    for owner in ("bengtsfors", "agency"):
        for event in (
            events.ReferralWithdrawn(case_id=case, time=now, home=owner, referral_id=UUID(referral["id"])),
            events.ReferralReturned(case_id=case, time=now, home=owner, reason="wrong_address"),
            events.CaseClosed(case_id=case, time=now, home=owner, ending="met"),
        ):
            await home.app.hears(event, teller="agency.referral")
    await platform.quiet()
    assert (await version_of(home, referral["caseId"]), await home.facts(referral)) == (before, told)
    assert (await home.seen(referral))[0] == "opened"


async def test_a_withdrawal_cancels_the_meeting_that_was_booked(home: Home, platform: Platform):
    booking = await platform.start("bengtsfors", "booking")
    referral = await home.refer()
    officer = booking.as_party("social_services")
    (meeting,) = (await officer.get("/meetings")).json()["items"]
    starts = booking.here.clock.now() + timedelta(hours=2)
    times = {"starts": starts.isoformat(), "ends": (starts + timedelta(hours=1)).isoformat()}
    assert (await officer.post(f"/meetings/{meeting['id']}/bookings", json=times)).status_code == 201
    await platform.quiet()
    await home.sender.post(f"/referrals/{referral['id']}/withdrawals")
    await platform.quiet()
    assert (await officer.get(f"/meetings/{meeting['id']}")).json()["status"] == "cancelled"
    assert [told.said["reason"] for told in await booking.told("meeting.cancelled")] == ["recalled"]
    assert await home.seen(referral) == ("withdrawn", None, "withdrawn")


async def test_a_case_keeps_the_score_that_it_began_with(tmp_path: Path):
    """The definition is made stricter and the service is started again: new cases follow it, old ones do not."""
    deploy = tmp_path / "deploy"
    copytree(Path(__file__).parents[2] / "deploy", deploy)
    pathway = deploy / "pathways" / "bengtsfors" / "income-support.yaml"
    async with Platform(tmp_path / "data", deploy=deploy, organisations={"bengtsfors": FIVE}) as platform:
        home = Home(platform, await platform.start("bengtsfors", "referral"), PATHWAY)
        old = await home.refer()
        await home.app.stop()
        words = pathway.read_text(encoding="utf-8").replace("version: 1", "version: 2", 1)
        words = words.replace("- meeting: assessment-meeting", "- meeting: mapping-meeting", 1)
        pathway.write_text(words, encoding="utf-8")
        home.app = await platform.start("bengtsfors", "referral")
        new = await home.refer("198001012387")
        assert (old["pathwayVersion"], new["pathwayVersion"]) == (1, 2)
        for referral, task in ((old, "assessment-meeting"), (new, "mapping-meeting")):
            await home.interviewed(referral)
            assert (await home.asked(referral, task)).fact == "meeting.requested"


async def test_a_question_is_taken_back_by_whom_it_was_asked(referral: App, platform: Platform):
    request = requested("answer", uuid7(), party="labour_market_unit", home="bengtsfors", outcomes=["yes", "no"])
    await referral.hears(request)
    client = referral.as_party("labour_market_unit")
    foreign = recalled(request).model_copy(update={"home": "agency", "addressee": "bengtsfors"})
    await referral.hears(foreign, teller="agency.referral")
    assert (await client.get(f"/answers/{request.play}")).json()["status"] == "requested"
    await referral.hears(recalled(request))
    await platform.quiet()
    assert (await client.get(f"/answers/{request.play}")).json()["status"] == "recalled"

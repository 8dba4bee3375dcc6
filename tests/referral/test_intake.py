"""A referral comes in, once, and is taken back; what the entry rules refuse is in tests/bad_input."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from shared.testing.apps import FIVE, App, Platform
from shared.testing.homes import Home
from shared.testing.referring import CONTACT, referral_of

PATHWAY = "bengtsfors/income-support"


async def test_what_comes_in_is_answered_and_told(referral: App, platform: Platform):
    sender = referral.as_party("social_services")
    answer = await sender.post("/referrals", json=referral_of(PATHWAY))
    said = answer.json()
    assert (answer.status_code, said["status"], said["reason"], said["ending"]) == (201, "received", None, None)
    assert answer.headers["location"].endswith(f"/referral/v1/referrals/{said['id']}")
    assert answer.headers["etag"] == '"1"'
    told = (await referral.told("referral.received"))[0]
    assert told.case_id == UUID(said["caseId"])
    assert told.audience == {"bengtsfors"}
    assert told.said.keys() == {
        "referralId",
        "personId",
        "pathway",
        "version",
        "sha256",
        "referrer",
        "answers",
        "dates",
    }
    assert told.said["answers"] == {"door": "application"}
    await platform.quiet()
    assert (await sender.get(answer.headers["location"])).json()["status"] == "opened"


async def test_a_pathway_s_name_leads_out_of_no_folder(referral: App):
    answer = await referral.as_party("social_services").post("/referrals", json=referral_of("bengtsfors/../sweden"))
    assert (answer.status_code, answer.json()["code"]) == (422, "sender/invalid"), answer.text
    assert await referral.told() == []


async def test_another_organisation_is_not_home_to_our_pathway(platform: Platform):
    agency = await platform.start("agency", "referral")
    answer = await agency.as_party("social_services").post("/referrals", json=referral_of(PATHWAY))
    assert (answer.status_code, answer.json()["code"]) == (422, "sender/unknown-pathway")


AGES = [
    ("200501012389", datetime(2022, 12, 31, 22, 59, tzinfo=UTC), False),
    ("200501012389", datetime(2022, 12, 31, 23, 1, tzinfo=UTC), True),
    ("196601012385", datetime(2030, 12, 31, 22, 59, tzinfo=UTC), True),
    ("196601012385", datetime(2030, 12, 31, 23, 1, tzinfo=UTC), False),
]


@pytest.mark.parametrize(("number", "at", "admitted"), AGES, ids=["17", "18", "64", "65"])
async def test_the_age_counts_on_the_day_in_sweden(tmp_path: Path, number: str, at: datetime, admitted: bool):
    deploy = Path(__file__).parents[2] / "deploy"
    async with Platform(tmp_path, deploy=deploy, organisations={"bengtsfors": FIVE}, at=at) as platform:
        app = await platform.start("bengtsfors", "referral")
        answer = await app.as_party("social_services").post("/referrals", json=referral_of(PATHWAY, number))
        assert answer.status_code == (201 if admitted else 422), answer.text


async def test_a_number_that_tells_no_age_is_for_the_referrer_to_vouch_for(referral: App):
    person = {"identity": {"type": "reserve", "value": "19900101R012"}, "contact": CONTACT}
    answer = await referral.as_party("social_services").post("/referrals", json=referral_of(PATHWAY, person=person))
    assert answer.status_code == 201


async def test_who_was_taken_back_may_be_referred_again(home: Home):
    first = await home.refer()
    await home.sender.post(f"/referrals/{first['id']}/withdrawals")
    assert (await home.refer())["id"] != first["id"]


async def test_the_same_person_at_once_comes_in_once(either: App):
    """With keys of their own: it is not the key that makes it one."""
    sender = either.as_party("social_services")
    answers = await asyncio.gather(*(sender.post("/referrals", json=referral_of(PATHWAY)) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(await either.told("referral.received")) == 1


async def test_the_sender_takes_it_back_once(home: Home):
    referral = await home.refer()
    path = f"/referrals/{referral['id']}/withdrawals"
    stale = await home.sender.post(path, headers={"If-Match": '"99"'})
    assert (stale.status_code, await home.facts(referral, "referral.withdrawn")) == (412, [])
    assert (await home.receiver.post(path)).status_code == 404
    assert (await home.sender.post(path)).json()["status"] == "withdrawn"
    assert (await home.sender.post(path)).json()["code"] == "sender/move-not-allowed"
    await home.platform.quiet()
    assert await home.seen(referral) == ("withdrawn", None, "withdrawn")
    closed = (await home.facts(referral, "case.closed"))[-1]
    assert closed.said["ending"] == "withdrawn"


async def test_a_list_shows_each_sender_its_own(home: Home):
    ids = [(await home.refer(number))["id"] for number in ("199001012385", "198001012387", "198501012382")]
    found = (await home.sender.get("/referrals", params={"limit": 2})).json()
    assert [item["id"] for item in found["items"]] == ids[:0:-1]
    assert (await home.receiver.get("/referrals")).json()["_meta"]["totalRecords"] == 0
    await home.platform.at(timedelta(days=1))
    opened = [item["status"] for item in found["items"]]
    assert opened == ["opened", "opened"]

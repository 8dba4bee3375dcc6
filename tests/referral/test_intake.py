"""A referral comes in, or is refused by the pathway's entry rules."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any
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


def sent(**changes: Any) -> dict[str, Any]:
    return referral_of(**{"pathway": PATHWAY} | changes)


REFUSED = {
    "door": (sent(door="window"), 422, "sender/door-unknown"),
    "no attest": (sent(attests=["no_other_activity"]), 422, "sender/not-attested"),
    "an ask too many": (sent(asks={"language": "english"}), 422, "sender/ask-wrong"),
    "a date too many": (sent(dates={"start": "2026-11-02"}), 422, "sender/ask-wrong"),
    "unknown pathway": (sent(pathway="bengtsfors/nothing"), 422, "sender/unknown-pathway"),
    "unknown area": (sent(pathway="elsewhere/income-support"), 422, "sender/unknown-pathway"),
    "out of the folder": (sent(pathway="bengtsfors/../sweden"), 422, "sender/invalid"),
    "too young": (sent(number="201701012393"), 422, "sender/age-outside"),
    "too old": (sent(number="189001019802"), 422, "sender/age-outside"),
    "no such number": (sent(number="199001012386"), 422, "sender/identity-wrong"),
}


@pytest.mark.parametrize(("body", "status", "code"), REFUSED.values(), ids=REFUSED)
async def test_what_the_entry_rules_refuse(referral: App, body: dict[str, Any], status: int, code: str):
    answer = await referral.as_party("social_services").post("/referrals", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await referral.told() == []


async def test_who_may_not_refer_by_a_door(referral: App):
    for client in (
        referral.as_party("school"),
        referral.as_party("labour_market_unit"),
        referral.as_party("social_services", organisation="agency"),
    ):
        answer = await client.post("/referrals", json=referral_of(PATHWAY))
        assert (answer.status_code, answer.json()["code"]) == (403, "sender/wrong-referrer")


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


async def test_the_same_person_twice_is_led_to_the_first(home: Home):
    first = await home.refer()
    again = await home.sender.post("/referrals", json=referral_of(PATHWAY))
    assert (again.status_code, again.json()["code"]) == (409, "sender/already-referred")
    assert again.json()["first"] == f"/referral/v1/referrals/{first['id']}"
    assert (await home.sender.get(again.json()["first"].removeprefix("/referral/v1"))).status_code == 200
    await home.sender.post(f"/referrals/{first['id']}/withdrawals")
    assert (await home.refer())["id"] != first["id"]


async def test_the_same_person_written_otherwise_is_the_same(home: Home):
    await home.refer()
    again = await home.sender.post("/referrals", json=referral_of(PATHWAY, "900101-2385"))
    assert again.status_code == 409


async def test_the_same_person_at_once_comes_in_once(either: App):
    """With keys of their own: it is not the key that makes it one."""
    sender = either.as_party("social_services")
    answers = await asyncio.gather(*(sender.post("/referrals", json=referral_of(PATHWAY)) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(await either.told("referral.received")) == 1


async def test_only_the_receiver_is_told_that_two_cases_are_of_one_person(tmp_path: Path):
    """The same person by another party is another case; nothing in that party's answers is of the first."""
    deploy = tmp_path / "deploy"
    copytree(Path(__file__).parents[2] / "deploy", deploy)
    pathway = deploy / "pathways" / "bengtsfors" / "income-support.yaml"
    text = pathway.read_text(encoding="utf-8")
    pathway.write_text(
        text.replace("by: [social_services], via", "by: [social_services, school], via"), encoding="utf-8"
    )
    organisations = {"bengtsfors": FIVE}
    async with Platform(tmp_path / "data", deploy=deploy, organisations=organisations) as platform:
        app = await platform.start("bengtsfors", "referral")
        home = Home(platform, app, PATHWAY)
        first = await home.refer()
        other = await app.as_party("school").post("/referrals", json=referral_of(PATHWAY))
        assert other.status_code == 201
        assert other.json()["caseId"] != first["caseId"]
        assert other.json()["personId"] != first["personId"]
        assert [item["id"] for item in (await app.as_party("school").get("/referrals")).json()["items"]] == [
            other.json()["id"]
        ]
        assert (await app.as_party("school").get(f"/referrals/{first['id']}")).status_code == 404
        await home.refer("198001012387")
        await platform.quiet()
        receiver, pair = app.as_party("labour_market_unit"), [first["caseId"], other.json()["caseId"]]
        seen = [(await receiver.get(f"/cases/{case}")).json()["samePerson"] for case in pair]
        assert seen == [pair[1:], pair[:1]]
        for party in ("social_services", "school"):
            for case in pair:
                answer = await app.as_party(party).get(f"/cases/{case}")
                assert answer.status_code == 404 or answer.json()["samePerson"] == []


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

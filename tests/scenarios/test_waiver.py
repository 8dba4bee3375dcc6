"""One waiver: before it is given nobody else hears; then contact details are released; withdrawn, nothing more."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from shared.releases.tables import receipt
from shared.testing.two import Two


def coach(two: Two, service: str = "booking") -> httpx.AsyncClient:
    """Granholm's labour-market unit, with its own token, at its own booking or at norrby's services."""
    app = two.theirs if service == "booking" else two.referral
    return app.as_party("labour_market_unit", organisation="granholm")


async def feed(two: Two) -> list[Any]:
    """What granholm's own system reads of norrby's referral service."""
    scopes = ["samspar.feed"]
    reader = two.referral.as_party("integration", organisation="granholm", scopes=scopes)
    return (await reader.get("/events")).json()["items"]


async def ask_contact(two: Two, case: str) -> httpx.Response:
    wanted = {"caseId": case, "purpose": "meeting", "categories": ["contact"]}
    return await coach(two, "referral").post("/releases", json=wanted)


async def receipts(two: Two) -> list[Any]:
    async with two.referral.here.database.reading() as connection:
        return list(await connection.execute(select(receipt)))


async def test_nobody_else_hears_before_the_waiver_is_given(two: Two) -> None:
    referral = await two.refer()
    assert await two.theirs.told() == []
    assert (await coach(two).get("/meetings")).json()["items"] == []
    assert (await coach(two, "referral").get(f"/cases/{referral['caseId']}")).status_code == 404
    assert await feed(two) == []
    assert (await ask_contact(two, referral["caseId"])).status_code == 404
    told = await two.referral.told(case=UUID(referral["caseId"]))
    assert {fact.fact for fact in told} == {"referral.received", "consent.requested"}
    assert all(fact.audience == {"norrby"} for fact in told)


async def test_given_it_reaches_the_other_organisation_which_books_and_holds(two: Two) -> None:
    referral = await two.refer()
    await two.say(await two.basis(), "grants")
    meeting = (await coach(two).get("/meetings")).json()["items"][0]
    assert meeting["caseId"] == referral["caseId"]
    starts = two.theirs.here.clock.now() + timedelta(days=1)
    times = {"starts": starts.isoformat(), "ends": (starts + timedelta(hours=1)).isoformat()}
    assert (await coach(two).post(f"/meetings/{meeting['id']}/bookings", json=times)).status_code == 201
    await two.platform.quiet()
    await two.platform.at(starts + timedelta(hours=1))
    assert (await coach(two).post(f"/meetings/{meeting['id']}/holdings", json={})).status_code == 201
    await two.platform.quiet()
    seen = (await two.referral.as_party("social_services").get(f"/referrals/{referral['id']}")).json()
    assert (seen["status"], seen["ending"]) == ("ended", "met")


async def test_contact_details_are_released_against_a_permit_and_a_receipt_is_kept(two: Two) -> None:
    referral = await two.refer()
    await two.say(await two.basis(), "grants")
    released = await ask_contact(two, referral["caseId"])
    assert released.status_code == 201, released.text
    assert released.json()["contact"] == {
        "given_name": "Alma",
        "family_name": "Almkvist",
        "phone": "070-1740601",
    }
    assert released.json().keys() == {"personId", "contact"}
    (kept,) = await receipts(two)
    assert (kept.recipient, kept.void, str(kept.person)) == ("granholm", False, referral["personId"])


async def test_withdrawn_nothing_more_is_released_and_the_case_ends(two: Two) -> None:
    referral = await two.refer()
    basis = await two.basis()
    await two.say(basis, "grants")
    assert (await ask_contact(two, referral["caseId"])).status_code == 201
    await two.say(basis, "withdrawals")
    await two.settled("withdrawn", basis)
    refused = await ask_contact(two, referral["caseId"])
    assert (refused.status_code, refused.json()["code"]) == (409, "sender/ended")
    assert len([kept for kept in await receipts(two) if not kept.void]) == 1
    seen = (await two.referral.as_party("social_services").get(f"/referrals/{referral['id']}")).json()
    assert seen["ending"] == "consent_withdrawn"


async def test_refused_the_case_ends_and_nobody_else_ever_heard(two: Two) -> None:
    referral = await two.refer()
    await two.say(await two.basis(), "refusals")
    seen = (await two.referral.as_party("social_services").get(f"/referrals/{referral['id']}")).json()
    assert (seen["status"], seen["ending"]) == ("ended", "not_admitted")
    assert all(fact.audience == {"norrby"} for fact in await two.referral.told())
    assert (await coach(two).get("/meetings")).json()["items"] == []

"""B's booking serves a case whose home is A; nothing of A's other cases reaches B: queue, feed, API or log."""

import logging
from uuid import UUID

import pytest
from sqlalchemy import select

from referral.events import CaseClosed
from shared.tables import inbox
from shared.testing.asking import MONDAY
from shared.testing.two import CANARIES, Two

OTHER = "198501012382"


async def heard_by_granholm(two: Two) -> set[str]:
    """The ids of all events that granholm's only service has stored."""
    async with two.theirs.here.database.reading() as connection:
        return {str(id_) for id_ in await connection.scalars(select(inbox.c.id))}


async def test_only_the_case_with_a_waiver_reaches_them(two: Two, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shared = await two.refer()
    await two.say(await two.basis(), "grants")
    secret = await two.refer(OTHER)
    theirs = {str(fact.id): fact for fact in await two.referral.told() if "granholm" in fact.audience}
    assert theirs
    assert {str(fact.case_id) for fact in theirs.values()} == {shared["caseId"]}
    heard = await heard_by_granholm(two)
    assert heard
    assert heard <= theirs.keys()
    reader = two.referral.as_party("integration", organisation="granholm", scopes=["samspar.feed"])
    assert {item["case"] for item in (await reader.get("/events")).json()["items"]} == {shared["caseId"]}
    nosy = two.referral.as_party("labour_market_unit", organisation="granholm")
    assert (await nosy.get("/events")).status_code == 403
    meetings = await two.theirs.as_party("labour_market_unit").get("/meetings")
    assert {item["caseId"] for item in meetings.json()["items"]} == {shared["caseId"]}
    for path in (f"/cases/{secret['caseId']}", f"/referrals/{secret['id']}", f"/referrals/{shared['id']}"):
        asked = await two.referral.as_party("labour_market_unit", organisation="granholm").get(path)
        assert asked.status_code == 404, path
    stored = b"".join(path.read_bytes() for path in two.platform.directory.glob("granholm/booking.db*"))
    for trace in (secret["caseId"], secret["id"], secret["personId"]):
        assert trace.replace("-", "").encode() not in stored
        assert trace.encode() not in stored
    assert not any(canary.encode() in stored for canary in CANARIES)
    assert not any(canary in record.getMessage() for record in caplog.records for canary in (*CANARIES, OTHER))


async def test_their_own_booking_key_and_acks_what_is_addressed_to_another(two: Two) -> None:
    await two.refer()
    await two.say(await two.basis(), "grants")
    assert (await two.booking.as_party("social_services").get("/meetings")).json()["items"] == []
    assert await two.booking.parked() == []


async def test_they_cannot_tell_as_norrby(two: Two) -> None:
    """An event under granholm's user that says it comes from norrby is a dead letter, and changes nothing."""
    shared = await two.refer()
    await two.say(await two.basis(), "grants")
    forged = CaseClosed(case_id=UUID(shared["caseId"]), home="norrby", time=MONDAY, ending="met")
    await two.reporting.hears(forged, teller="norrby.referral", user="granholm.booking")
    assert [state for _, state in await two.reporting.parked()] == ["dead"]
    seen = (await two.referral.as_party("social_services").get(f"/referrals/{shared['id']}")).json()
    assert seen["status"] == "opened"

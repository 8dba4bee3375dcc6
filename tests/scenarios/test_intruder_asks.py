"""An intruder who asks: with tokens sent to it, as another party, of what a waiver does not cover, or too late."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.testing.apps import App
from shared.testing.two import REFERRAL, Two

CONTACT = {"purpose": "follow_up", "categories": ["identity", "contact", "language"]}
FEEDS = ("referral", "consent", "booking", "reporting")


async def ask(app: App, case: str, *, party: str, organisation: str) -> httpx.Response:
    """A party asks norrby for all that it holds of the person."""
    return await app.as_party(party, organisation=organisation).post("/releases", json={"caseId": case, **CONTACT})


def bearing(app: App, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app.app), base_url="http://x/booking/v1", headers=headers)


async def test_a_token_sent_to_a_partner_opens_nothing_at_home(two: Two) -> None:
    token = await two.consent.here.partners.tokens.token("granholm", "booking")
    async with bearing(two.theirs, token) as right, bearing(two.booking, token) as replayed:
        assert (await right.get("/meetings")).status_code == 200
        assert (await replayed.get("/meetings")).status_code == 401


@pytest.mark.parametrize(("party", "organisation"), [("school", "norrby"), ("labour_market_unit", "granholm")])
async def test_no_party_reads_the_feed(two: Two, party: str, organisation: str) -> None:
    """It is the whole organisation's: of cases, and by parties, that the asking one has no part in."""
    await two.refer()
    await two.say(await two.basis(), "grants")
    for service in FEEDS:
        app: App = getattr(two, service)
        answer = await app.as_party(party, organisation=organisation).get("/events")
        assert (answer.status_code, answer.json()["code"]) == (403, "sender/forbidden"), service
    reader = two.referral.as_party("integration", organisation=organisation, scopes=["samspar.feed"])
    assert (await reader.get("/events")).json()["items"]


async def test_a_third_party_gets_nothing_on_a_waiver_between_two_others(two: Two) -> None:
    body: dict[str, Any] = REFERRAL | {"pathway": "sundby/inside"}
    answer = await two.referral.as_party("social_services").post("/referrals", json=body)
    assert answer.status_code == 201, answer.text
    await two.platform.quiet()
    await two.say(await two.basis(), "grants")
    case = answer.json()["caseId"]
    school = two.referral.as_party("school")
    assert (await school.get(f"/cases/{case}")).status_code == 200
    refused = await ask(two.referral, case, party="school", organisation="norrby")
    assert (refused.status_code, refused.json()["code"]) == (403, "consent/no-basis")
    named = {"caseId": case, "party": "labour_market_unit", **CONTACT}
    assert (await school.post("/releases", json=named)).status_code == 403
    assert (await ask(two.referral, case, party="labour_market_unit", organisation="norrby")).status_code == 201


async def test_nothing_is_released_in_a_case_that_is_over(two: Two) -> None:
    case = (await two.refer())["caseId"]
    await two.say(await two.basis(), "grants")
    unit = two.theirs.as_party("labour_market_unit")
    meeting = (await unit.get("/meetings")).json()["items"][0]["id"]
    starts = two.theirs.here.clock.now() + timedelta(days=1)
    times = {"starts": starts.isoformat(), "ends": (starts + timedelta(hours=1)).isoformat()}
    assert (await unit.post(f"/meetings/{meeting}/bookings", json=times)).is_success
    await two.platform.quiet()
    await two.platform.at(starts)
    assert (await ask(two.referral, case, party="labour_market_unit", organisation="granholm")).status_code == 201
    assert (await unit.post(f"/meetings/{meeting}/holdings", json={})).is_success
    await two.platform.quiet()
    await two.platform.at(timedelta(days=365))
    late = await ask(two.referral, case, party="labour_market_unit", organisation="granholm")
    assert (late.status_code, late.json()["code"]) == (409, "sender/ended")
    assert "Almkvist" not in late.text

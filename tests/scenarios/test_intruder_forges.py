"""An intruder that tells under its own name what is not its own to tell: nothing comes of it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from referral import events
from shared.events import Event
from shared.ids import play_id, uuid7
from shared.tasks import Participant, TaskFact
from shared.testing.apps import Platform
from shared.testing.asking import MONDAY, recalled, requested
from shared.testing.two import Two

SPY: dict[str, Any] = {"party": "labour_market_unit", "organisation": "granholm"}


class Granted(TaskFact, type="consent.granted"):
    """The person lifted secrecy."""


class Withdrawn(TaskFact, type="consent.withdrawn"):
    """The person took it back."""


def of(kind: Callable[..., Event], case: UUID, *, home: str = "norrby", **fields: Any) -> Event:
    return kind(case_id=case, home=home, time=MONDAY, **fields)


async def sent(two: Two, referral: dict[str, Any]) -> dict[str, Any]:
    """The referral as its sender sees it."""
    return (await two.referral.as_party("social_services").get(f"/referrals/{referral['id']}")).json()


@pytest.mark.parametrize("home", ["granholm", "norrby"])
async def test_nobody_lifts_secrecy_for_itself(beside: Two, home: str) -> None:
    """A waiver asked for in a case of the intruder's own, or in norrby's name, about a person of norrby's."""
    referral = await beside.refer()
    pair = [Participant(party="social_services", organisation="norrby"), Participant(**SPY)]
    given: dict[str, Any] = {"person_id": UUID(referral["personId"]), "waiver": True, "between": pair}
    forged = requested("consent", uuid7(), **SPY, home=home, addressee="norrby", outcomes=["given"], **given)
    await beside.consent.hears(forged, teller="granholm.referral")
    spying = beside.consent.as_party(**SPY)
    assert (await spying.post(f"/bases/{forged.play}/grants", json={"form": "written"})).status_code == 404
    wanted = {"releaseId": str(uuid4()), "personId": referral["personId"], "purpose": "meeting"}
    to = {"from": "norrby", "to": "granholm", "toParty": "labour_market_unit", "categories": ["identity"]}
    asked = await beside.consent.as_service("norrby", "referral").post("/permits", json={"releases": [wanted | to]})
    assert asked.json()["permits"][0]["granted"] is False


async def test_nobody_takes_a_place_in_another_home_s_case(apart: Platform) -> None:
    """A meeting under the very play that norrby will ask with; norrby's own request is heard all the same."""
    booking, case = await apart.start("norrby", "booking"), uuid7()
    for home in ("norrby", "granholm"):
        forged = requested("meeting", case, **SPY, home=home, addressee="norrby")
        await booking.hears(forged, teller="granholm.booking" if home == "granholm" else "granholm.referral")
    await booking.hears(requested("meeting", case, party="social_services"))
    assert len((await booking.as_party("social_services").get("/meetings")).json()["items"]) == 1
    assert (await booking.as_party(**SPY).get("/meetings")).json()["items"] == []


@pytest.mark.parametrize("home", ["granholm", "norrby"])
async def test_nobody_takes_another_home_s_meeting_back(apart: Platform, home: str) -> None:
    booking = await apart.start("norrby", "booking")
    real = requested("meeting", uuid7(), party="social_services")
    await booking.hears(real)
    case = uuid7() if home == "granholm" else real.case_id
    own = requested("meeting", case, party="x", home=home, addressee="norrby", play=real.play)
    await booking.hears(recalled(own), teller="granholm.referral")
    meeting = (await booking.as_party("social_services").get(f"/meetings/{real.play}")).json()
    assert meeting["status"] == "requested"


async def test_nobody_asks_again_for_what_another_home_asked(apart: Platform) -> None:
    booking = await apart.start("norrby", "booking")
    real = requested("meeting", uuid7(), party="social_services")
    await booking.hears(real)
    again = requested("meeting", uuid7(), **SPY, home="granholm", addressee="norrby", play=real.play)
    await booking.hears(again, teller="granholm.referral")
    assert (await booking.as_party(**SPY).get("/meetings")).json()["items"] == []


@pytest.mark.parametrize("home", ["granholm", "norrby"])
async def test_what_became_of_a_referral_is_home_s_to_tell(beside: Two, home: str) -> None:
    referral = await beside.refer()
    case = UUID(referral["caseId"])
    for event in (
        of(events.ReferralWithdrawn, case, home=home, referral_id=UUID(referral["id"])),
        of(events.ReferralReturned, case, home=home, reason="wrong_address"),
        of(events.CaseOpened, case, home=home, pathway="norrby/with-waiver", version=1, parties=[]),
        of(events.CaseClosed, case, home=home, ending="met"),
    ):
        await beside.referral.hears(event, teller="granholm.referral")
    await beside.platform.quiet()
    seen = await sent(beside, referral)
    assert (seen["status"], seen["reason"], seen["ending"]) == ("received", None, None)


async def test_nobody_opens_a_case_about_a_person_of_another(beside: Two) -> None:
    referral = await beside.refer()
    score = (await beside.referral.told("referral.received"))[0].said["sha256"]
    about: dict[str, Any] = {
        "person_id": UUID(referral["personId"]),
        "referrer": "labour_market_unit",
        "referral_id": uuid4(),
    }
    pathway: dict[str, Any] = {
        "pathway": "norrby/with-waiver",
        "version": 1,
        "sha256": score,
        "answers": {"door": "referral"},
    }
    forged = of(events.ReferralReceived, case := uuid7(), **about, **pathway, dates={})
    await beside.referral.hears(forged, teller="granholm.referral")
    await beside.platform.quiet()
    assert (await beside.referral.as_party(**SPY).get(f"/cases/{case}")).status_code == 404
    assert await beside.referral.told(case=case) == []


async def test_whoever_was_not_asked_answers_nothing(beside: Two) -> None:
    """The waiver is norrby's consent service's to tell of: given, and withdrawn."""
    referral = await beside.refer()
    case = UUID(referral["caseId"])
    asking: dict[str, Any] = {"task": "waiver", "round": 1, "play": play_id(case, "waiver", 1, 1)}
    await beside.referral.hears(of(Granted, case, **asking, outcome="given"), teller="granholm.consent")
    await beside.platform.quiet()
    assert (await beside.theirs.as_party("labour_market_unit").get("/meetings")).json()["items"] == []
    assert (await sent(beside, referral))["status"] == "received"
    await beside.say(await beside.basis(), "grants")
    await beside.referral.hears(of(Withdrawn, case, **asking), teller="granholm.consent")
    await beside.platform.quiet()
    assert (await sent(beside, referral))["status"] == "opened"

"""An intruder that reads at norrby's reporting: no more than it may hear."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.events import Event
from shared.ids import play_id, uuid7
from shared.tasks import Participant, TaskFact
from shared.testing.apps import App, Platform
from shared.testing.asking import MONDAY
from shared.testing.two import Two

SPY = Participant(party="spy", organisation="granholm")


class CaseOpened(Event, type="case.opened"):
    pathway: str = "granholm/own"
    version: int = 1
    parties: list[Participant]


class DeadlineMissed(TaskFact, type="deadline.missed"):
    reach: str = "booked"
    due: datetime = MONDAY
    owner: str = "social_services"


class DeadlineMet(DeadlineMissed, type="deadline.met"):
    """In time after all."""


async def heard(app: App) -> set[str]:
    """The ids of all that granholm's own system reads in a service's feed."""
    reader = app.as_party("integration", organisation="granholm", scopes=["samspar.feed"])
    return {item["id"] for item in (await reader.get("/events?limit=1000")).json()["items"]}


async def timeline(two: Two, case: str, *, party: str, organisation: str) -> list[dict[str, Any]]:
    answer = await two.reporting.as_party(party, organisation=organisation).get(f"/cases/{case}/timeline")
    return answer.json()["items"]


async def test_a_timeline_shows_what_the_reader_may_hear_and_nothing_else(two: Two) -> None:
    case = (await two.refer())["caseId"]
    basis = await two.basis()
    await two.say(basis, "grants")
    await two.say(basis, "withdrawals")
    audible = set[str]().union(*[await heard(app) for app in (two.referral, two.consent, two.booking, two.theirs)])
    theirs = await timeline(two, case, party="labour_market_unit", organisation="granholm")
    assert {item["id"] for item in theirs} <= audible
    assert {item["type"] for item in theirs} >= {"case.opened", "case.closed"}
    ours = await timeline(two, case, party="social_services", organisation="norrby")
    hidden = {item["type"] for item in ours if item["id"] not in audible}
    assert hidden >= {"referral.received", "consent.requested", "consent.granted", "consent.withdrawn"}


async def test_a_case_of_its_own_shows_nothing_of_another_home_s(apart: Platform) -> None:
    """It uses the play of norrby's deadline in a case of its own, and would see there what becomes of it."""
    reporting = await apart.start("norrby", "reporting")
    case, own = uuid7(), uuid7()
    asking: dict[str, Any] = {"task": "later-task", "round": 1, "play": play_id(case, "later-task", 1, 1)}

    def of(kind: Any, case: UUID, home: str, hours: int = 0, **fields: Any) -> Event:
        return kind(case_id=case, home=home, time=MONDAY + timedelta(hours=hours), **fields)

    await apart.at(timedelta(hours=4))
    opened = of(CaseOpened, own, "granholm", parties=[SPY])
    for event in (opened, of(DeadlineMissed, own, "granholm", **asking)):
        await reporting.hears(event, teller="granholm.referral")
    us = Participant(party="social_services", organisation="norrby")
    for event in (of(CaseOpened, case, "norrby", parties=[us]), of(DeadlineMet, case, "norrby", 3, **asking)):
        await reporting.hears(event)
    spying, ours = reporting.as_party("spy", organisation="granholm"), reporting.as_party("social_services")
    assert [each["state"] for each in (await spying.get("/deadlines")).json()["items"]] == ["missed"]
    for path in ("/deadlines", f"/cases/{case}/deadlines"):
        assert [each["state"] for each in (await ours.get(path)).json()["items"]] == ["held"]
    assert (await spying.get(f"/cases/{case}/deadlines")).status_code == 404

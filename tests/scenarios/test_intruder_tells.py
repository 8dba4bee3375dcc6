"""An intruder that may tell, and tells what it should not: of the future, in odd words, or what cannot be read."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from shared.broker.protocol import Message, exchange_of
from shared.envelope import Envelope, to_message
from shared.events import Event
from shared.ids import play_id, uuid7
from shared.tables import event, parked
from shared.tasks import TaskFact
from shared.testing.apps import App, Platform
from shared.testing.asking import MONDAY, requested
from shared.testing.two import Two

FAR = datetime(2099, 1, 1, tzinfo=UTC)
TEXT = "Alma Almkvist 199001012385"


class Booked(TaskFact, type="meeting.booked"):
    """A time was set."""

    starts: datetime
    ends: datetime


class Unreadable(Event, type="meeting.booked"):
    """No fact at all."""


async def opened(two: Two) -> UUID:
    """A case that granholm has a meeting in."""
    referral = await two.refer()
    await two.say(await two.basis(), "grants")
    return UUID(referral["caseId"])


def booked(case: UUID, at: datetime) -> Booked:
    asking: dict[str, Any] = {"task": "first-meeting", "round": 1, "play": play_id(case, "first-meeting", 1, 1)}
    return Booked(case_id=case, home="norrby", time=at, starts=at, ends=at, **asking)


def message(fact: Booked, **attributes: Any) -> Message:
    """As granholm's booking would send it."""
    envelope = Envelope(
        id=uuid7(),
        source="/granholm/booking",
        type=fact.type,
        stream=fact.case_id,
        sequence=99,
        time=fact.time,
        case_id=fact.case_id,
        home=fact.home,
        addressee=None,
        causation=None,
        traceparent=None,
    )
    return to_message(replace(envelope, **attributes), fact.body(), user_id="granholm.booking")


async def send(app: App, *messages: Message) -> None:
    async with app.here.broker.publisher() as publisher:
        await publisher.publish(exchange_of("norrby"), messages)


@pytest.mark.parametrize("text", [TEXT, f"00-{'0' * 31}Å-{'1' * 16}-01", "00-1-2-03"])
async def test_what_it_calls_a_trace_travels_no_further(two: Two, text: str) -> None:
    case = await opened(two)
    await send(two.referral, message(booked(case, MONDAY), traceparent=text))
    await two.platform.quiet()
    assert "meeting" in {told.said.get("kind") for told in await two.referral.told("case.moved", case=case)}
    async with two.referral.here.database.reading() as connection:
        traces = set(await connection.scalars(select(event.c.traceparent)))
    assert text not in traces


async def test_it_cannot_stop_a_case(two: Two) -> None:
    """What it tells of the case waits behind what it spoilt; what norrby tells does not."""
    case = await opened(two)
    await two.referral.hears(Unreadable(case_id=case, home="norrby", time=MONDAY), teller="granholm.booking")
    await two.referral.hears(booked(case, MONDAY), teller="granholm.booking")
    assert await two.referral.parked() == [("meeting.booked.v1", "dead"), ("meeting.booked.v1", "behind")]
    await two.say(await two.basis(), "withdrawals")
    seen = (await two.referral.as_party("social_services").get(f"/cases/{case}")).json()
    assert seen["ending"] == "consent_withdrawn"


async def test_nothing_has_happened_that_is_still_to_come(two: Two) -> None:
    case = await opened(two)
    before = await two.referral.told(case=case)
    await two.referral.hears(booked(case, FAR), teller="granholm.booking")
    await two.platform.quiet()
    assert await two.referral.told(case=case) == before
    assert [state for _, state in await two.referral.parked()] == ["dead"]


async def test_a_service_of_its_own_whose_clock_is_ahead_is_believed(two: Two) -> None:
    """As in a demo, where clocks are moved one after the other: nothing of it is lost."""
    case = await opened(two)
    await two.reporting.hears(booked(case, FAR), teller="norrby.booking")
    assert await two.reporting.parked() == []


@pytest.mark.parametrize("home", ["granholm,agency", TEXT, "norrby/referral"])
async def test_a_home_is_one_organisation(apart: Platform, home: str) -> None:
    """What is told to home is told to an organisation, and not to whoever is named in an odd word."""
    booking = await apart.start("norrby", "booking")
    odd = requested("meeting", uuid7(), party="unit", home=home, organisation="granholm", addressee="norrby")
    await booking.hears(odd, teller="granholm.referral")
    unit = booking.as_party("unit", organisation="granholm")
    assert (await unit.post(f"/meetings/{odd.play}/refusals", json={"reason": "no_time"})).status_code == 404
    assert await booking.told() == []
    async with booking.here.database.reading() as connection:
        assert list(await connection.scalars(select(parked.c.source))) == [""]

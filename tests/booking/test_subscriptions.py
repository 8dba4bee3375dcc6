"""What booking makes of what home asks."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events import Event
from shared.ids import uuid7
from shared.tasks import TaskRequest
from shared.testing.apps import App, Platform
from shared.testing.asking import MONDAY, recalled, requested
from shared.testing.booking_requests import INTERPRETERS, with_interpreters

Ask = Callable[..., Awaitable[TaskRequest]]
TIME = {"starts": "2026-11-03T08:00:00Z", "ends": "2026-11-03T09:00:00Z"}


class Unreadable(Event, type="meeting.requested"):
    """A request without its fields."""

    task: str


async def status_of(booking: App, request: TaskRequest) -> list[str]:
    items = (await booking.as_party("clinic").get("/meetings")).json()["items"]
    return [item["status"] for item in items if item["id"] == str(request.play)]


async def test_asked_twice_it_is_there_once(booking: App, ask: Ask):
    request = await ask()
    await booking.as_party("clinic").post(f"/meetings/{request.play}/bookings", json=TIME)
    await booking.hears(request)
    id_ = await booking.hears(request)
    await booking.hears(request, id_=id_)
    assert await status_of(booking, request) == ["booked"]
    assert await booking.parked() == []


async def test_asked_again_it_is_another(booking: App, ask: Ask):
    first = await ask()
    second = requested("meeting", first.case_id, party="clinic", n=2)
    await booking.hears(second)
    assert first.play != second.play
    assert len((await booking.as_party("clinic").get("/meetings")).json()["items"]) == 2


@pytest.mark.parametrize("booked", [False, True])
async def test_what_is_taken_back_is_cancelled(booking: App, ask: Ask, booked: bool):
    request = await ask()
    if booked:
        await booking.as_party("clinic").post(f"/meetings/{request.play}/bookings", json=TIME)
    at = MONDAY + timedelta(minutes=5)
    recall = recalled(request, at=at)
    id_ = await booking.hears(recall)
    await booking.hears(recall)
    (told,) = await booking.told("meeting.cancelled")
    assert (told.said["reason"], told.time, told.causation) == ("recalled", at, id_)
    assert await status_of(booking, request) == ["cancelled"]


async def test_what_is_over_stays_as_it_is(booking: App, platform: Platform, ask: Ask):
    request = await ask()
    clinic = booking.as_party("clinic")
    await clinic.post(f"/meetings/{request.play}/bookings", json=TIME)
    await platform.at(datetime(2026, 11, 3, 10, tzinfo=UTC))
    await clinic.post(f"/meetings/{request.play}/holdings", json={})
    await booking.hears(recalled(request))
    assert await status_of(booking, request) == ["held"]
    assert await booking.parked() == []


async def test_what_is_asked_of_another_organisation_is_not_taken_up(booking: App, ask: Ask):
    request = await ask(addressee="agency")
    assert await status_of(booking, request) == []


async def test_only_home_s_own_referral_may_ask(booking: App):
    forged = requested("meeting", uuid7(), party="clinic")
    await booking.hears(forged, user="agency.booking")
    await booking.hears(forged, teller="agency.booking")
    assert await status_of(booking, forged) == []
    assert [state for _, state in await booking.parked()] == ["dead", "dead"]


async def test_a_request_without_its_fields_is_a_dead_letter(booking: App):
    await booking.hears(Unreadable(case_id=uuid7(), home="norrby", time=MONDAY, task="t"))
    assert await booking.parked() == [("meeting.requested.v1", "dead")]
    letter = (await booking.as_operator().get("/dead-letters")).json()["items"][0]
    assert letter["cause"] == "schema"


@pytest.mark.parametrize("wrong", [{"lead": "soon"}, {"answerWithin": "0 hours"}, {"providers": [{"party": "agency"}]}])
async def test_what_home_says_of_interpreters_has_to_be_readable(booking: App, wrong: dict[str, Any]):
    await booking.hears(with_interpreters(INTERPRETERS | wrong))
    assert await booking.parked() == [("meeting.requested.v1", "dead")]

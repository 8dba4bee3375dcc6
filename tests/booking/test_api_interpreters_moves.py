"""What becomes of the interpreter when the meeting moves, ends, or its time comes near without one."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.testing.apps import App
from shared.testing.asking import MONDAY, recalled
from shared.testing.booking_interpreters import LATER, THURSDAY, TIME, WANTED, Interpreting
from shared.testing.booking_requests import AGENCY, FALLBACK, INTERPRETERS

Begin = Callable[..., Awaitable[Interpreting]]
ANSWER_BY = MONDAY + timedelta(hours=4)
LEAD = datetime(2026, 11, 10, 23, tzinfo=UTC)
"""24:00 in Stockholm on Tuesday, two working days before Thursday."""


async def test_a_move_releases_and_orders_anew_from_the_first_provider(begin: Begin):
    it = await begin()
    await it.order()
    await it.refuse(it.agency)
    await it.confirm(it.fallback)
    moved = await it.book(LATER)
    assert moved.json()["interpreter"] == "ordered"
    assert [each["status"] for each in await it.asked(it.fallback)] == ["released"]
    again, first = await it.asked(it.agency)
    assert (first["status"], again["status"]) == ("refused", "asked")
    assert (again["starts"], again["ends"], again["requirements"]) == (LATER["starts"], LATER["ends"], WANTED)
    assert again["id"] != first["id"]
    assert (await it.states())[2:] == ["interpreter.released", "interpreter.ordered"]
    late = await it.fallback.post(
        f"/interpreter-orders/{(await it.asked(it.fallback))[0]['id']}/confirmations", json={"interpreter": "T-1"}
    )
    assert (late.status_code, late.json()["code"]) == (409, "sender/move-not-allowed")


async def test_a_move_before_anybody_answered_releases_too(begin: Begin):
    it = await begin()
    await it.order()
    await it.book(LATER)
    assert await it.orders() == [(AGENCY, "released"), (AGENCY, "asked")]
    assert await it.timers() == 2


async def test_a_move_finds_one_where_nobody_had_been_left(begin: Begin):
    it = await begin()
    await it.order()
    await it.refuse(it.agency)
    await it.refuse(it.fallback)
    await it.book(LATER)
    assert (await it.meeting())["interpreter"] == "ordered"
    assert await it.states() == ["interpreter.ordered", "interpreter.declined", "interpreter.ordered"]


async def test_a_move_orders_none_where_none_was_ordered(begin: Begin):
    it = await begin()
    await it.book(LATER)
    await it.order()
    await it.clinic.post(f"{it.path}/interpreter-releases")
    await it.book(TIME)
    assert (await it.meeting())["interpreter"] == "none"
    assert await it.states() == ["interpreter.ordered", "interpreter.released"]


async def test_the_same_time_again_changes_nothing(begin: Begin):
    it = await begin()
    await it.order()
    await it.confirm(it.agency)
    await it.book(TIME)
    assert await it.orders() == [(AGENCY, "confirmed")]
    assert await it.states() == ["interpreter.ordered", "interpreter.confirmed"]


@pytest.mark.parametrize("confirmed", [False, True])
async def test_who_ordered_lets_go(begin: Begin, confirmed: bool):
    it = await begin()
    await it.order()
    if confirmed:
        await it.confirm(it.agency)
    answer = await it.clinic.post(f"{it.path}/interpreter-releases")
    assert (answer.status_code, answer.json()["interpreter"], answer.json()["status"]) == (201, "none", "booked")
    assert [each["status"] for each in await it.asked(it.agency)] == ["released"]
    again = await it.clinic.post(f"{it.path}/interpreter-releases")
    assert (again.status_code, again.json()["code"]) == (409, "sender/nothing-ordered")
    assert await it.timers() == 0


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("by_home", [False, True])
async def test_what_is_called_off_or_taken_back_lets_go(begin: Begin, by_home: bool, confirmed: bool):
    it = await begin()
    await it.order()
    if confirmed:
        await it.confirm(it.agency)
    if by_home:
        await it.booking.hears(recalled(it.request))
        await it.booking.hears(recalled(it.request))
    else:
        await it.clinic.post(f"{it.path}/cancellations", json={"reason": "illness"})
    assert await it.orders() == [(AGENCY, "released")]
    assert (await it.states())[-1] == "interpreter.released"
    assert [each.fact for each in await it.booking.told()][-2:] == ["meeting.cancelled", "interpreter.released"]
    assert await it.timers() == 0


@pytest.mark.parametrize("noun", ["holdings", "absences"])
@pytest.mark.parametrize(("confirmed", "ends"), [(True, "used"), (False, "unanswered")])
async def test_a_meeting_that_began_has_used_its_interpreter(begin: Begin, noun: str, confirmed: bool, ends: str):
    it = await begin(interpreters=INTERPRETERS | {"providers": INTERPRETERS["providers"][:1], "lead": None})
    await it.order()
    if confirmed:
        await it.confirm(it.agency)
    await it.at(THURSDAY)
    await it.clinic.post(f"{it.path}/{noun}", json={})
    assert await it.orders() == [(AGENCY, ends)]
    assert await it.timers() == 0


async def test_who_does_not_answer_in_time_is_passed_over(begin: Begin):
    it = await begin()
    await it.order()
    await it.at(ANSWER_BY - timedelta(seconds=1))
    assert await it.asked(it.fallback) == []
    await it.at(ANSWER_BY)
    assert await it.orders() == [(AGENCY, "unanswered"), (FALLBACK, "asked")]
    (second,) = await it.asked(it.fallback)
    assert second["answerBy"] == "2026-11-02T16:00:00Z"
    assert await it.states() == ["interpreter.ordered"]
    await it.at(ANSWER_BY + timedelta(hours=4))
    assert (await it.meeting())["interpreter"] == "unavailable"
    declined = (await it.booking.told("interpreter.declined"))[0]
    assert declined.time == ANSWER_BY + timedelta(hours=4)


async def test_who_has_answered_is_not_passed_over(begin: Begin):
    it = await begin()
    await it.order()
    await it.confirm(it.agency)
    await it.at(ANSWER_BY + timedelta(hours=1))
    assert await it.orders() == [(AGENCY, "confirmed")]


async def test_nobody_is_asked_who_could_not_answer_before_it_begins(begin: Begin):
    it = await begin()
    soon = MONDAY + timedelta(hours=2)
    await it.book({"starts": soon.isoformat(), "ends": (soon + timedelta(hours=1)).isoformat()})
    await it.order()
    (order,) = await it.asked(it.agency)
    assert order["answerBy"] == order["starts"]
    await it.at(soon)
    assert await it.orders() == [(AGENCY, "unanswered")]
    assert (await it.meeting())["interpreter"] == "unavailable"


async def test_a_meeting_is_unready_when_the_lead_time_comes_without_one(begin: Begin):
    it = await begin(interpreters=INTERPRETERS | {"answerWithin": "4 weeks"})
    await it.order()
    await it.at(LEAD - timedelta(seconds=1))
    assert await it.states() == ["interpreter.ordered"]
    await it.at(LEAD)
    (unready,) = await it.booking.told("meeting.unready")
    assert (unready.time, unready.said["reason"], "outcome" in unready.said) == (LEAD, "no_interpreter", False)
    await it.refuse(it.agency)
    await it.refuse(it.fallback)
    await it.order()
    await it.at(LEAD + timedelta(hours=1))
    assert (await it.states()).count("meeting.unready") == 1


async def test_it_is_unready_too_where_nobody_is_left(begin: Begin):
    it = await begin()
    await it.order()
    await it.refuse(it.agency)
    await it.refuse(it.fallback)
    await it.at(LEAD)
    assert (await it.states())[-1] == "meeting.unready"


@pytest.mark.parametrize("how", ["confirmed", "released", "cancelled"])
async def test_it_is_not_unready_with_one_or_without_a_need(begin: Begin, how: str):
    it = await begin(interpreters=INTERPRETERS | {"answerWithin": "4 weeks"})
    await it.order()
    if how == "confirmed":
        await it.confirm(it.agency)
    elif how == "released":
        await it.clinic.post(f"{it.path}/interpreter-releases")
    else:
        await it.clinic.post(f"{it.path}/cancellations", json={"reason": "no_time"})
    await it.at(LEAD + timedelta(hours=1))
    assert "meeting.unready" not in await it.states()


async def test_a_confirmed_one_who_falls_away_late_makes_it_unready_at_once(begin: Begin):
    it = await begin()
    await it.order()
    await it.confirm(it.agency)
    after = LEAD + timedelta(hours=10)
    await it.at(after)
    await it.refuse(it.agency, "interpreter_fell_away")
    await it.at(after)
    told = [(each.fact, each.time) for each in await it.booking.told()][-2:]
    assert told == [("interpreter.ordered", after), ("meeting.unready", after)]


async def test_another_time_has_a_lead_time_of_its_own(begin: Begin):
    it = await begin(interpreters=INTERPRETERS | {"answerWithin": "4 weeks"})
    await it.order()
    await it.at(LEAD)
    await it.book(LATER)
    await it.at(LEAD + timedelta(days=6))
    assert (await it.states()).count("meeting.unready") == 1
    await it.at(LEAD + timedelta(days=7))
    assert (await it.states()).count("meeting.unready") == 2


async def test_an_answer_and_a_move_at_once_leave_one_order(begin: Begin):
    it = await begin()
    await it.order()
    (order,) = await it.asked(it.agency)
    confirming = it.agency.post(f"/interpreter-orders/{order['id']}/confirmations", json={"interpreter": "T-1"})
    answer, moved = await asyncio.gather(confirming, it.book(LATER))
    assert (answer.status_code in (201, 409), moved.status_code) == (True, 201)
    assert await it.orders() == [(AGENCY, "released"), (AGENCY, "asked")]
    assert (await it.meeting())["interpreter"] == "ordered"


async def test_timers_survive_a_restart(begin: Begin, booking: App):
    it = await begin()
    await it.order()
    await booking.stop()
    await it.platform.at(ANSWER_BY)
    it = Interpreting(it.platform, await it.platform.start("norrby", "booking"), it.request)
    await it.platform.quiet()
    assert await it.orders() == [(AGENCY, "unanswered"), (FALLBACK, "asked")]

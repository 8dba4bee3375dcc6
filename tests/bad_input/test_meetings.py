"""A meeting at a time that cannot be, and moves that the state does not allow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.testing.asking import MONDAY

from .case import Case, Send, assert_refused
from .town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

TUESDAY = datetime(2026, 11, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOVE = "sender/move-not-allowed"


def at(starts: datetime, ends: datetime, meeting: str = "open") -> Send:
    times = {"starts": starts.isoformat(), "ends": ends.isoformat()}
    return move(meeting, "booking", "/meetings/{}/bookings", times)


def move(task: str, service: str, path: str, body: Any) -> Send:
    """Social services' move in what it was asked for."""

    async def send(town: Town) -> httpx.Response:
        return await town.post(service, path.format(town.asked[task].play), body)

    return send


def times(what: str, code: str, remedy: str, send: Send) -> Case:
    return Case(what=what, status=422, code=code, remedy=remedy, send=send)


def not_allowed(what: str, remedy: str, send: Send) -> Case:
    return Case(what=f"a move that the state does not allow: {what}", status=409, code=MOVE, remedy=remedy, send=send)


NO_MORE = "From {} it can become: nothing more."
CASES = [
    times(
        "a meeting that ends before it begins",
        "sender/times-wrong",
        "Correct starts and ends.",
        at(TUESDAY, TUESDAY - HOUR),
    ),
    times("a meeting in the past", "sender/booked-in-the-past", "Give a time to come.", at(MONDAY - HOUR, MONDAY)),
    times(
        "a meeting at night",
        "sender/at-night",
        "Check the hour and its time zone.",
        at(TUESDAY.replace(hour=1), TUESDAY.replace(hour=2)),
    ),
    times(
        "a meeting without a time zone",
        "sender/invalid",
        "Correct the fields named.",
        at(TUESDAY.replace(tzinfo=None), TUESDAY.replace(tzinfo=None) + HOUR),
    ),
    times(
        "a meeting that was held before it began",
        "sender/not-yet",
        "Tell it when it has begun.",
        move("booked", "booking", "/meetings/{}/holdings", {}),
    ),
    not_allowed(
        "a meeting is booked that was called off",
        NO_MORE.format("cancelled"),
        at(TUESDAY, TUESDAY + HOUR, "called off"),
    ),
    not_allowed(
        "a referral is taken back twice",
        "It is over already.",
        lambda town: town.post("referral", f"/referrals/{town.over['id']}/withdrawals", None),
    ),
    not_allowed(
        "a waiver that was given is given again",
        "From granted it can become: expired, withdrawing.",
        move("granted", "consent", "/bases/{}/grants", {"form": "written"}),
    ),
    not_allowed(
        "an assessment is completed twice",
        NO_MORE.format("completed"),
        move("completed", "assessment", "/assessments/{}/completions", {}),
    ),
    not_allowed(
        "an activity is ended twice", NO_MORE.format("ended"), move("ended", "assessment", "/activities/{}/endings", {})
    ),
    not_allowed(
        "an answer is given twice",
        NO_MORE.format("given"),
        move("replied", "referral", "/answers/{}/replies", {"outcome": "done"}),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
async def test_it_is_a_clear_problem(town: Town, case: Case):
    await assert_refused(town, case)

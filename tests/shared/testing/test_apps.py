"""What the tests of services and scenarios lean on: several organisations on one bus, with one clock."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.ids import uuid7
from shared.testing.apps import NotQuiet, Platform
from shared.testing.asking import MONDAY, requested

DEPLOY = Path(__file__).parents[3] / "deploy"
BOTH = {"norrby": ("booking",), "agency": ("referral", "reporting")}
TIME = {"starts": "2026-11-03T08:00:00Z", "ends": "2026-11-03T09:00:00Z"}


async def test_what_one_organisation_tells_reaches_the_other(tmp_path: Path):
    async with Platform(tmp_path, deploy=DEPLOY) as platform:
        reporting = await platform.start("norrby", "reporting")
        booking = await platform.start("agency", "booking")
        case = uuid7()
        request = requested("meeting", case, party="officer", organisation="agency", addressee="agency")
        await booking.hears(request)
        answer = await booking.as_party("officer").post(f"/meetings/{request.play}/bookings", json=TIME)
        assert answer.status_code == 201
        await platform.quiet()
        timeline = await reporting.as_operator().get(f"/operations/cases/{case}/timeline")
        assert [item["source"] for item in timeline.json()["items"]] == ["/agency/booking"]


async def test_a_service_goes_on_where_it_was_stopped(tmp_path: Path):
    async with Platform(tmp_path, deploy=DEPLOY) as platform:
        booking = await platform.start("norrby", "booking")
        request = requested("meeting", uuid7(), party="clinic")
        await booking.hears(request)
        await platform.at(timedelta(hours=2))
        await booking.stop()
        again = await platform.start("norrby", "booking")
        assert again.here.clock.now() == MONDAY + timedelta(hours=2)
        assert (await again.as_party("clinic").get(f"/meetings/{request.play}")).status_code == 200


async def test_it_is_not_quiet_while_a_recipient_is_away(tmp_path: Path):
    async with Platform(tmp_path, deploy=DEPLOY, organisations=BOTH) as platform:
        reporting = await platform.start("agency", "reporting")
        booking = await platform.start("norrby", "booking")
        request = requested(
            "meeting", uuid7(), party="clinic", home="agency", organisation="norrby", addressee="norrby"
        )
        await booking.hears(request)
        await reporting.stop()
        await booking.as_party("clinic").post(f"/meetings/{request.play}/bookings", json=TIME)
        with pytest.raises(NotQuiet):
            await platform.quiet(seconds=0.5)
        again = await platform.start("agency", "reporting")
        await platform.quiet()
        timeline = await again.as_operator().get(f"/operations/cases/{request.case_id}/timeline")
        assert [item["type"] for item in timeline.json()["items"]] == ["meeting.booked"]

"""The calendar file, read back with a library: one entry through all changes, and nobody in it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from icalendar import Calendar, Event

from shared.tasks import TaskRequest
from shared.testing.apps import App

Ask = Callable[..., Awaitable[TaskRequest]]
TIME = {"starts": "2026-11-03T08:00:00Z", "ends": "2026-11-03T09:00:00Z"}
LATER = {"starts": "2026-11-04T08:00:00Z", "ends": "2026-11-04T09:00:00Z"}


async def read(booking: App, request: TaskRequest, party: str = "clinic") -> tuple[Calendar, Event]:
    answer = await booking.as_party(party).get(f"/meetings/{request.play}/calendar-file")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    calendar = Calendar.from_ical(answer.content)
    assert isinstance(calendar, Calendar)
    (entry,) = calendar.events
    return calendar, entry


async def test_one_entry_through_all_changes(booking: App, ask: Ask):
    clinic, request = booking.as_party("clinic"), await ask()
    await clinic.post(f"/meetings/{request.play}/bookings", json=TIME)
    calendar, first = await read(booking, request)
    assert (calendar["METHOD"], first["STATUS"], first["SEQUENCE"]) == ("REQUEST", "CONFIRMED", 0)
    assert (first.start, first.end) == (
        datetime(2026, 11, 3, 8, tzinfo=UTC),
        datetime(2026, 11, 3, 9, tzinfo=UTC),
    )

    await clinic.post(f"/meetings/{request.play}/bookings", json=LATER)
    _, moved = await read(booking, request, "school")
    assert (moved["UID"], moved["SEQUENCE"]) == (first["UID"], 1)
    assert moved.start == datetime(2026, 11, 4, 8, tzinfo=UTC)

    await clinic.post(f"/meetings/{request.play}/cancellations", json={"reason": "illness"})
    calendar, cancelled = await read(booking, request)
    assert (calendar["METHOD"], cancelled["STATUS"]) == ("CANCEL", "CANCELLED")
    assert (cancelled["UID"], cancelled["SEQUENCE"]) == (first["UID"], 2)


async def test_two_meetings_are_two_entries(booking: App, ask: Ask):
    requests = [await ask(), await ask()]
    for request in requests:
        await booking.as_party("clinic").post(f"/meetings/{request.play}/bookings", json=TIME)
    uids = {str((await read(booking, request))[1]["UID"]) for request in requests}
    assert len(uids) == 2


async def test_nobody_is_in_it(booking: App, ask: Ask):
    request = await ask()
    await booking.as_party("clinic").post(f"/meetings/{request.play}/bookings", json=TIME)
    _, entry = await read(booking, request)
    assert set(entry) == {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "STATUS"}
    text = entry.to_ical().decode()
    for secret in (request.person_id, request.case_id, "clinic", "school", "officer", request.task):
        assert str(secret) not in text


async def test_without_a_time_there_is_no_file(booking: App, ask: Ask):
    request = await ask()
    answer = await booking.as_party("clinic").get(f"/meetings/{request.play}/calendar-file")
    assert (answer.status_code, answer.json()["code"]) == (404, "sender/no-time-set")

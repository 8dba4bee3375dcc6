"""Meetings over HTTP: what each party may see and do, and what is told of it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from shared.ids import uuid7
from shared.tasks import TaskRequest
from shared.testing.apps import App, Platform
from shared.testing.asking import recalled

Ask = Callable[..., Awaitable[TaskRequest]]
TIME = {"starts": "2026-11-03T08:00:00Z", "ends": "2026-11-03T09:00:00Z"}
LATER = {"starts": "2026-11-04T08:00:00Z", "ends": "2026-11-04T09:00:00Z"}
STARTS = datetime(2026, 11, 3, 8, tzinfo=UTC)


async def book(client: httpx.AsyncClient, request: TaskRequest, body: Any = TIME, **headers: str) -> httpx.Response:
    return await client.post(f"/meetings/{request.play}/bookings", json=body, headers=headers)


async def test_a_time_is_set_and_told(booking: App, platform: Platform, ask: Ask):
    request = await ask()
    answer = await book(booking.as_party("clinic"), request)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"2"')
    assert answer.json() == {
        "id": str(request.play),
        "caseId": str(request.case_id),
        "task": "first-task",
        "round": 1,
        "kind": "meeting",
        "status": "booked",
        "outcomes": ["held"],
        "interpreter": "none",
        "version": 2,
        **TIME,
    }
    (told,) = await booking.told()
    assert (told.fact, told.case_id, told.home, told.audience) == (
        "meeting.booked",
        request.case_id,
        "norrby",
        {"norrby"},
    )
    assert told.said == {"task": "first-task", "round": 1, "play": str(request.play), **TIME}
    assert told.time == await platform.at(timedelta())


async def test_a_meeting_is_moved_then_held(booking: App, platform: Platform, ask: Ask):
    clinic, request = booking.as_party("clinic"), await ask(outcomes=["held", "revise"])
    await book(clinic, request)
    assert (await book(clinic, request, LATER)).json()["starts"] == LATER["starts"]
    await platform.at(datetime(2026, 11, 4, 10, tzinfo=UTC))
    held = await clinic.post(
        f"/meetings/{request.play}/holdings", json={"outcome": "revise", "at": "2026-11-04T09:30:00+01:00"}
    )
    assert (held.status_code, held.json()["status"]) == (201, "held")
    facts = await booking.told()
    assert [told.fact for told in facts] == ["meeting.booked", "meeting.booked", "meeting.held"]
    assert facts[-1].said["outcome"] == "revise"
    assert facts[-1].time == datetime(2026, 11, 4, 8, 30, tzinfo=UTC)


async def test_a_meeting_is_missed(booking: App, platform: Platform, ask: Ask):
    clinic, request = booking.as_party("clinic"), await ask()
    await book(clinic, request)
    early = await clinic.post(f"/meetings/{request.play}/absences", json={})
    assert (early.status_code, early.json()["code"]) == (422, "sender/not-yet")
    now = await platform.at(STARTS + timedelta(minutes=20))
    assert (await clinic.post(f"/meetings/{request.play}/absences", json={})).json()["status"] == "missed"
    assert [(told.fact, told.time) for told in await booking.told("meeting.missed")] == [("meeting.missed", now)]


async def test_a_meeting_is_called_off_or_not_taken_on(booking: App, ask: Ask):
    clinic, one, other = booking.as_party("clinic"), await ask(), await ask()
    await book(clinic, one)
    await clinic.post(f"/meetings/{one.play}/cancellations", json={"reason": "illness"})
    await clinic.post(f"/meetings/{other.play}/refusals", json={"reason": "no_time"})
    told = [(told.fact, told.said["reason"]) for told in (await booking.told())[1:]]
    assert told == [("meeting.cancelled", "illness"), ("meeting.declined", "no_time")]


async def test_a_refusal_says_what_is_allowed_and_tells_nothing(booking: App, ask: Ask):
    clinic, request = booking.as_party("clinic"), await ask()
    await clinic.post(f"/meetings/{request.play}/refusals", json={"reason": "no_time"})
    answer = await book(clinic, request)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["status"], problem["code"]) == (409, "sender/move-not-allowed")
    assert problem["detail"] == "From declined it can become: nothing more."
    assert [told.fact for told in await booking.told()] == ["meeting.declined"]


async def test_what_has_not_happened_cannot_be_told(booking: App, ask: Ask):
    clinic, request = booking.as_party("clinic"), await ask()
    await book(clinic, request)
    answer = await clinic.post(f"/meetings/{request.play}/holdings", json={"at": TIME["ends"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "sender/not-in-the-past")


async def test_a_reason_is_a_closed_word_and_is_not_echoed(booking: App, ask: Ask):
    clinic, request = booking.as_party("clinic"), await ask()
    for body in ({"reason": "Anna är sjuk"}, {"reason": "illness", "note": "Anna är sjuk"}):
        answer = await clinic.post(f"/meetings/{request.play}/cancellations", json=body)
        assert answer.status_code == 422
        assert "Anna" not in answer.text
    assert await booking.told() == []


async def test_others_do_not_find_it(booking: App, ask: Ask):
    request = await ask()
    for stranger in (booking.as_party("clinic", organisation="agency"), booking.as_party("shelter")):
        for answer in (
            await stranger.get(f"/meetings/{request.play}"),
            await stranger.get(f"/meetings/{request.play}/calendar-file"),
            await book(stranger, request),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "sender/not-found")
        assert (await stranger.get("/meetings")).json()["items"] == []
    assert (await booking.as_party("clinic").get(f"/meetings/{uuid7()}")).status_code == 404


async def test_who_takes_part_sees_it_and_does_not_move_it(booking: App, ask: Ask):
    request = await ask()
    for guest in (booking.as_party("school"), booking.as_party("officer", organisation="agency")):
        assert (await guest.get(f"/meetings/{request.play}")).json()["status"] == "requested"
        answer = await book(guest, request)
        assert (answer.status_code, answer.json()["code"]) == (403, "sender/not-your-move")
    assert await booking.told() == []


async def test_another_organisation_s_party_moves_what_it_is_asked_for(booking: App, ask: Ask):
    request = await ask(party="officer", organisation="agency", sees=[])
    assert (await book(booking.as_party("officer"), request)).status_code == 404
    assert (await book(booking.as_party("officer", organisation="agency"), request)).status_code == 201


async def test_nobody_and_the_wrong_scope(booking: App, ask: Ask):
    request = await ask()
    answer = await booking.as_nobody().get(f"/booking/v1/meetings/{request.play}")
    assert (answer.status_code, answer.headers["www-authenticate"][:6]) == (401, "Bearer")
    other = booking.as_party("clinic", scopes=["samspar.referral"])
    assert (await other.get(f"/meetings/{request.play}")).status_code == 403


async def test_the_same_key_does_it_once(booking: App, ask: Ask):
    clinic, request = booking.as_party("clinic"), await ask()
    first = await book(clinic, request, **{"Idempotency-Key": "k1"})
    again = await book(clinic, request, **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.content, again.headers["etag"]) == (201, first.content, first.headers["etag"])
    other = await book(clinic, request, LATER, **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (422, "sender/key-reused")
    assert len(await booking.told()) == 1
    assert (await book(clinic, request, LATER, **{"Idempotency-Key": "k2"})).status_code == 201


async def test_a_post_needs_a_key(booking: App, ask: Ask):
    clinic, request = booking.as_party("clinic"), await ask()
    answer = await book(clinic, request, **{"Idempotency-Key": ""})
    assert (answer.status_code, answer.json()["code"]) == (400, "sender/key-missing")


async def test_a_change_made_from_an_old_version_is_refused(booking: App, ask: Ask):
    clinic, request = booking.as_party("clinic"), await ask()
    seen = (await clinic.get(f"/meetings/{request.play}")).headers["etag"]
    assert (await book(clinic, request, **{"If-Match": seen})).status_code == 201
    answer = await book(clinic, request, LATER, **{"If-Match": seen})
    assert (answer.status_code, answer.json()["code"]) == (412, "sender/changed")
    assert (await clinic.get(f"/meetings/{request.play}")).json()["starts"] == TIME["starts"]


async def test_a_list_has_pages_and_a_filter(booking: App, ask: Ask):
    clinic = booking.as_party("clinic")
    requests = [await ask() for _ in range(3)]
    await book(clinic, requests[1])
    page = (await clinic.get("/meetings", params={"limit": 2})).json()
    assert page["_meta"] == {"totalRecords": 3, "page": 1, "limit": 2, "count": 2, "more": False}
    rest = (await clinic.get(page["_links"]["next"]["href"])).json()
    assert {item["id"] for item in page["items"] + rest["items"]} == {str(request.play) for request in requests}
    booked = (await clinic.get("/meetings", params={"status": "booked"})).json()["items"]
    assert [item["id"] for item in booked] == [str(requests[1].play)]
    for unknown in ("lost", "\0"):
        assert (await clinic.get("/meetings", params={"status": unknown})).status_code == 422


async def test_every_operation_is_described_with_its_errors(booking: App):
    schema = (await booking.as_nobody().get("/booking/v1/openapi.json")).json()
    operation = schema["paths"]["/booking/v1/meetings/{meetingId}/bookings"]["post"]
    assert operation["security"] == [{"token": []}]
    assert {"400", "401", "403", "404", "409", "412", "422", "500"} <= operation["responses"].keys()
    assert "Idempotency-Key" in {parameter["name"] for parameter in operation["parameters"]}


async def test_the_list_is_newest_first_and_its_pages_follow_each_other(booking: App, ask: Ask):
    """The play is no order: it is a hash."""
    clinic = booking.as_party("clinic")
    asked = [str((await ask()).play) for _ in range(7)]
    first = (await clinic.get("/meetings", params={"limit": 4})).json()
    assert [each["id"] for each in first["items"]] == asked[:2:-1]
    rest = (await clinic.get(first["_links"]["next"]["href"])).json()
    assert [each["id"] for each in rest["items"]] == asked[2::-1]


async def test_what_has_begun_is_no_longer_called_off(booking: App, platform: Platform, ask: Ask):
    clinic, request = booking.as_party("clinic"), await ask()
    await book(clinic, request)
    await platform.at(STARTS)
    refused = await clinic.post(f"/meetings/{request.play}/cancellations", json={"reason": "illness"})
    assert (refused.status_code, refused.json()["code"]) == (409, "sender/has-begun")
    await booking.hears(recalled(request))
    assert (await clinic.get(f"/meetings/{request.play}")).json()["status"] == "cancelled"


async def test_no_party_says_that_home_took_it_back(booking: App, ask: Ask):
    clinic, request = booking.as_party("clinic"), await ask()
    await book(clinic, request)
    refused = await clinic.post(f"/meetings/{request.play}/cancellations", json={"reason": "recalled"})
    assert (refused.status_code, refused.json()["code"]) == (422, "sender/invalid")

"""The agendas of standing groups: what is put on them, decided, carried over, and told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from shared import tables
from shared.tasks import TaskRequest
from shared.testing.apps import App, Platform
from shared.testing.asking import MONDAY, recalled
from shared.testing.booking_requests import of_group

FRIDAY = datetime(2026, 11, 6, 12, tzinfo=UTC)
SITTING = {"sitting": "2026-11-06"}
NEXT = {"sitting": "2026-11-13"}


async def asked(booking: App, *args: str, **fields: Any) -> TaskRequest:
    request = of_group(*args, **fields)
    await booking.hears(request)
    return request


async def post(booking: App, request: TaskRequest, noun: str, body: Any, party: str = "coach") -> httpx.Response:
    return await booking.as_party(party).post(f"/agenda-items/{request.play}/{noun}", json=body)


async def test_an_item_is_listed_carried_over_and_decided(booking: App, platform: Platform):
    request = await asked(booking, every="4 weeks")
    listed = await post(booking, request, "listings", SITTING)
    assert listed.status_code == 201, listed.text
    assert listed.json() == {
        "id": str(request.play),
        "caseId": str(request.case_id),
        "task": "first-task",
        "round": 1,
        "kind": "agenda",
        "group": "norrby/adults-weekly",
        "every": "4 weeks",
        "status": "listed",
        "outcomes": ["goes_on", "closed"],
        "outcome": None,
        "version": 2,
        **SITTING,
    }
    assert (await post(booking, request, "carryings-over", NEXT)).json()["status"] == "carried_over"
    await platform.at(FRIDAY + timedelta(days=7))
    decided = await post(booking, request, "decisions", {"outcome": "goes_on"})
    assert (decided.status_code, decided.json()["outcome"], decided.json()["status"]) == (201, "goes_on", "decided")
    same = {"task": "first-task", "round": 1, "play": str(request.play), "group": "norrby/adults-weekly"}
    assert [(each.fact, each.said) for each in await booking.told()] == [
        ("agenda.listed", same | SITTING),
        ("agenda.carried_over", same | NEXT),
        ("agenda.decided", same | {"outcome": "goes_on"}),
    ]
    assert {(each.case_id, each.home) for each in await booking.told()} == {(request.case_id, "norrby")}


async def test_facts_of_one_group_are_one_stream(booking: App):
    for group in ("norrby/adults-weekly", "norrby/youth-weekly", "norrby/adults-weekly"):
        await post(booking, await asked(booking, group), "listings", SITTING)
    query = select(tables.event.c.stream, tables.event.c.sequence).order_by(tables.event.c.seq)
    async with booking.here.database.reading() as connection:
        (first, other, second) = (await connection.execute(query)).all()
    assert (first.stream, first.sequence + 1) == (second.stream, second.sequence)
    assert (first.stream == other.stream, other.sequence) == (False, 1)


async def test_an_agenda_shows_one_group_or_one_sitting(booking: App):
    one, two = await asked(booking), await asked(booking, "norrby/youth-weekly")
    await post(booking, one, "listings", SITTING)
    school = booking.as_party("school")

    async def shown(**params: str) -> set[str]:
        return {item["id"] for item in (await school.get("/agendas", params=params)).json()["items"]}

    assert await shown() == {str(one.play), str(two.play)}
    assert await shown(group="norrby/adults-weekly") == {str(one.play)}
    assert await shown(sitting="2026-11-06") == {str(one.play)}
    assert await shown(status="requested") == {str(two.play)}
    assert await shown(group="norrby/nobody") == set()


async def test_others_do_not_find_it_and_the_group_s_members_do_not_move_it(booking: App):
    request = await asked(booking)
    for stranger in (booking.as_party("coach", organisation="agency"), booking.as_party("shelter")):
        assert (await stranger.get("/agendas")).json()["items"] == []
        assert (await stranger.get(f"/agenda-items/{request.play}")).status_code == 404
        answer = await stranger.post(f"/agenda-items/{request.play}/listings", json=SITTING)
        assert answer.status_code == 404
    assert (await booking.as_party("school").get(f"/agenda-items/{request.play}")).headers["etag"] == '"1"'
    answer = await post(booking, request, "listings", SITTING, "school")
    assert (answer.status_code, answer.json()["code"]) == (403, "sender/not-your-move")
    assert await booking.told() == []


async def test_what_cannot_be_is_refused(booking: App, platform: Platform):
    request = await asked(booking)
    for noun, body, status, code in (
        ("decisions", {"outcome": "goes_on"}, 409, "move-not-allowed"),
        ("carryings-over", NEXT, 409, "move-not-allowed"),
        ("listings", {"sitting": "2026-11-01"}, 422, "sitting-over"),
        ("listings", SITTING, 201, None),
        ("listings", NEXT, 409, "move-not-allowed"),
        ("carryings-over", SITTING, 422, "not-later"),
        ("decisions", {"outcome": "goes_on"}, 422, "not-yet"),
        ("decisions", {}, 422, "outcome-unknown"),
        ("decisions", {"outcome": "postponed"}, 422, "outcome-unknown"),
    ):
        answer = await post(booking, request, noun, body)
        assert answer.status_code == status, (noun, body, answer.text)
        assert answer.json().get("code") == (code and f"sender/{code}")
    await platform.at(FRIDAY)
    assert (await post(booking, request, "decisions", {"outcome": "closed"})).status_code == 201
    assert (await post(booking, request, "carryings-over", NEXT)).status_code == 409
    assert [each.fact for each in await booking.told()] == ["agenda.listed", "agenda.decided"]


async def test_a_sitting_is_a_day_in_sweden(booking: App, platform: Platform):
    request = await asked(booking)
    await platform.at(datetime(2026, 11, 2, 23, 30, tzinfo=UTC))
    assert (await post(booking, request, "listings", {"sitting": "2026-11-02"})).status_code == 422
    assert (await post(booking, request, "listings", {"sitting": "2026-11-03"})).status_code == 201
    assert (await post(booking, request, "decisions", {"outcome": "closed"})).status_code == 201


@pytest.mark.parametrize("listed", [False, True])
async def test_what_is_taken_back_is_not_decided(booking: App, platform: Platform, listed: bool):
    request = await asked(booking)
    if listed:
        await post(booking, request, "listings", SITTING)
    await booking.hears(recalled(request))
    await booking.hears(recalled(request))
    await platform.at(FRIDAY)
    answer = await post(booking, request, "decisions", {"outcome": "closed"})
    assert (answer.status_code, answer.json()["code"]) == (409, "sender/move-not-allowed")
    assert await booking.parked() == []


async def test_what_is_decided_stays_so(booking: App, platform: Platform):
    request = await asked(booking)
    await post(booking, request, "listings", SITTING)
    await platform.at(FRIDAY)
    await post(booking, request, "decisions", {"outcome": "closed"})
    await booking.hears(request)
    await booking.hears(recalled(request, at=MONDAY))
    assert (await booking.as_party("coach").get(f"/agenda-items/{request.play}")).json()["status"] == "decided"
    assert await booking.parked() == []


async def test_a_group_is_a_name_of_the_area(booking: App):
    await asked(booking, "Vuxna, Anna Berg")
    assert await booking.parked() == [("agenda.requested.v1", "dead")]

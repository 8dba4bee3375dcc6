"""Interpreters over HTTP: who orders, who is asked, who answers, and what anybody hears of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.tasks import TaskRequest
from shared.testing.apps import App
from shared.testing.booking_interpreters import THURSDAY, TIME, WANTED, Interpreting
from shared.testing.booking_requests import AGENCY, FALLBACK, INTERPRETERS, PROVIDER

Ask = Callable[..., Awaitable[TaskRequest]]
Begin = Callable[..., Awaitable[Interpreting]]
NOBODY: list[dict[str, Any]] = [{}, {**INTERPRETERS, "orderedBy": None}, {**INTERPRETERS, "providers": []}]


async def test_an_interpreter_is_ordered_confirmed_and_used(begin: Begin):
    it = await begin()
    assert (await it.meeting())["interpreter"] == "none"
    made = await it.order()
    assert made.status_code == 201, made.text
    assert made.headers["etag"] == '"1"'
    assert made.json() == {
        "id": made.json()["id"],
        "status": "asked",
        "requirements": WANTED,
        "answerBy": "2026-11-02T12:00:00Z",
        "organisation": AGENCY,
        "party": PROVIDER,
        "version": 1,
        **TIME,
    } | {"interpreter": None, "reason": None}
    assert (await it.meeting())["interpreter"] == "ordered"
    confirmed = await it.confirm(it.agency)
    assert (confirmed.status_code, confirmed.json()["status"]) == (201, "confirmed")
    assert (await it.meeting())["interpreter"] == "confirmed"
    await it.at(THURSDAY)
    await it.clinic.post(f"{it.path}/holdings", json={})
    assert await it.orders() == [(AGENCY, "used")]
    assert await it.states() == ["interpreter.ordered", "interpreter.confirmed"]
    assert await it.timers() == 0


async def test_refused_the_next_provider_is_asked_and_then_nobody_is_left(begin: Begin):
    it = await begin()
    await it.order()
    assert await it.asked(it.fallback) == []
    assert (await it.refuse(it.agency)).json()["reason"] == "nobody_free"
    (second,) = await it.asked(it.fallback)
    assert second["requirements"] == WANTED
    assert (await it.meeting())["interpreter"] == "ordered"
    assert await it.states() == ["interpreter.ordered"]
    await it.refuse(it.fallback, "language_not_offered")
    assert await it.orders() == [(AGENCY, "refused"), (FALLBACK, "refused")]
    assert (await it.meeting())["interpreter"] == "unavailable"
    assert await it.states() == ["interpreter.ordered", "interpreter.declined"]
    assert (await it.order(language="ckb")).status_code == 201
    assert (await it.meeting())["interpreter"] == "ordered"


async def test_an_interpreter_who_falls_away_is_replaced(begin: Begin):
    it = await begin()
    await it.order()
    await it.confirm(it.agency)
    await it.refuse(it.agency, "interpreter_fell_away")
    assert (await it.meeting())["interpreter"] == "ordered"
    await it.confirm(it.fallback, "10001")
    assert await it.orders() == [(AGENCY, "refused"), (FALLBACK, "confirmed")]


async def test_a_blocked_interpreter_is_not_sent(begin: Begin):
    it = await begin()
    await it.order()
    answer = await it.confirm(it.agency, "T-666")
    assert (answer.status_code, answer.json()["code"]) == (422, "sender/interpreter-blocked")
    assert "T-666" not in answer.text
    assert (await it.meeting())["interpreter"] == "ordered"
    assert (await it.confirm(it.agency, "T-7")).status_code == 201


async def test_only_the_party_that_home_names_orders(begin: Begin):
    it = await begin()
    school, onlooker, shelter = (it.booking.as_party(party) for party in ("school", "onlooker", "shelter"))
    for by, code in ((school, "not-your-order"), (onlooker, "not-your-move"), (shelter, "not-found")):
        answer = await it.order(by)
        assert answer.json()["code"] == f"sender/{code}"
    assert (await it.order(school)).status_code == 403
    stranger = it.booking.as_party("clinic", organisation=AGENCY)
    assert (await it.order(stranger)).status_code == 404
    await it.order()
    for reader, status in ((school, 403), (onlooker, 403), (shelter, 404), (it.clinic, 200)):
        assert (await reader.get(f"{it.path}/interpreter-orders")).status_code == status
    release = await school.post(f"{it.path}/interpreter-releases")
    assert (release.status_code, release.json()["code"]) == (403, "sender/not-your-order")
    assert await it.states() == ["interpreter.ordered"]


@pytest.mark.parametrize("nobody", NOBODY)
async def test_where_home_names_nobody_nobody_orders(begin: Begin, nobody: dict[str, Any]):
    it = await begin(interpreters=nobody)
    answer = await it.order()
    assert (answer.status_code, answer.json()["code"]) == (403, "sender/nobody-orders")
    assert await it.states() == []


async def test_without_a_word_from_home_nobody_orders(booking: App, ask: Ask):
    request = await ask()
    await booking.as_party("clinic").post(f"/meetings/{request.play}/bookings", json=TIME)
    path = f"/meetings/{request.play}/interpreter-orders"
    answer = await booking.as_party("clinic").post(path, json=WANTED)
    assert (answer.status_code, answer.json()["code"]) == (403, "sender/nobody-orders")


async def test_a_language_that_nobody_speaks_is_refused_without_being_repeated(begin: Begin):
    it = await begin()
    answer = await it.order(language="zxx")
    assert (answer.status_code, answer.json()["code"]) == (422, "sender/language-unknown")
    assert "zxx" not in answer.text
    assert (await it.meeting())["interpreter"] == "none"


async def test_only_the_provider_that_is_asked_answers(begin: Begin):
    it = await begin()
    await it.order()
    ((order,), confirmation) = (await it.asked(it.agency), {"interpreter": "T-1"})
    other_party = it.booking.as_party("officer", organisation=AGENCY)
    for intruder in (it.fallback, other_party, it.clinic, it.booking.as_party(PROVIDER)):
        path = f"/interpreter-orders/{order['id']}"
        assert (await intruder.get(path)).status_code == 404
        for noun, body in (("confirmations", confirmation), ("refusals", {"reason": "nobody_free"})):
            answer = await intruder.post(f"{path}/{noun}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (404, "sender/not-found")
        assert await it.asked(intruder) == []
    nobody = await it.booking.as_nobody().get(f"/booking/v1/interpreter-orders/{order['id']}")
    assert nobody.status_code == 401
    wrong_scope = it.booking.as_party(PROVIDER, organisation=AGENCY, scopes=["samspar.referral"])
    assert (await wrong_scope.get("/interpreter-orders")).status_code == 403
    service = await it.booking.as_service(AGENCY, "booking").post(
        f"/interpreter-orders/{order['id']}/confirmations", json=confirmation
    )
    assert service.status_code == 403
    assert await it.states() == ["interpreter.ordered"]


async def test_only_a_booked_meeting_gets_one_and_only_one(begin: Begin):
    it = await begin()
    await it.order()
    again = await it.order()
    assert (again.status_code, again.json()["code"]) == (409, "sender/ordered-already")
    await it.clinic.post(f"{it.path}/interpreter-releases")
    await it.at(THURSDAY)
    late = await it.order()
    assert (late.status_code, late.json()["code"]) == (409, "sender/no-time-yet")


async def test_a_list_has_a_filter_and_the_newest_first(begin: Begin):
    one, two = await begin(), await begin()
    await one.order()
    await two.order(language="som", dialect="SO")
    assert [each["requirements"]["language"] for each in await one.asked(one.agency)] == ["som", "kmr"]
    await two.confirm(two.agency)
    assert [each["requirements"]["language"] for each in await one.asked(one.agency, "asked")] == ["kmr"]
    assert [each["requirements"]["language"] for each in await one.asked(one.agency, "confirmed")] == ["som"]


async def test_an_answer_from_an_old_version_is_refused(begin: Begin):
    it = await begin()
    await it.order()
    (order,) = await it.asked(it.agency)
    path = f"/interpreter-orders/{order['id']}"
    seen = (await it.agency.get(path)).headers["etag"]
    await it.agency.post(f"{path}/confirmations", json={"interpreter": "T-1"}, headers={"If-Match": seen})
    answer = await it.agency.post(f"{path}/refusals", json={"reason": "nobody_free"}, headers={"If-Match": seen})
    assert (answer.status_code, answer.json()["code"]) == (412, "sender/changed")


async def test_it_is_described(booking: App):
    schema = (await booking.as_nobody().get("/booking/v1/openapi.json")).json()
    operation = schema["paths"]["/booking/v1/meetings/{meetingId}/interpreter-orders"]["post"]
    assert {"403", "404", "409", "422"} <= operation["responses"].keys()
    assert operation["requestBody"]["content"]["application/json"]["examples"]

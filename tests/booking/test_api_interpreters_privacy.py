"""What nobody learns of an interpreter: the agency nothing of the meeting, everybody else nothing of the language."""

import json
import logging
from collections.abc import Awaitable, Callable

import pytest

from shared.testing.booking_interpreters import Interpreting

Begin = Callable[..., Awaitable[Interpreting]]


async def test_the_provider_sees_nothing_of_the_meeting(begin: Begin):
    it = await begin()
    await it.order()
    (order,) = await it.asked(it.agency)
    whole = await it.agency.get(f"/interpreter-orders/{order['id']}")
    assert set(order) == {
        "id",
        "status",
        "starts",
        "ends",
        "requirements",
        "answerBy",
        "interpreter",
        "reason",
        "version",
    }
    request = it.request
    for text in (whole.text, json.dumps(order)):
        for secret in (request.case_id, request.play, request.person_id, request.task, "clinic", "school", "norrby"):
            assert str(secret) not in text
    for path in (it.path, f"{it.path}/calendar-file", f"{it.path}/interpreter-orders"):
        assert (await it.agency.get(path)).status_code == 404
    assert (await it.agency.get("/meetings")).json()["items"] == []
    assert (await it.agency.post(f"{it.path}/holdings", json={})).status_code == 404


async def test_who_was_passed_over_does_not_see_who_came(begin: Begin):
    it = await begin()
    await it.order()
    await it.refuse(it.agency)
    await it.confirm(it.fallback, "T-4711")
    (first,) = await it.asked(it.agency)
    assert (first["status"], first["interpreter"]) == ("refused", None)
    answer = await it.confirm(it.agency)
    assert (answer.status_code, answer.json()["code"]) == (409, "sender/move-not-allowed")


async def test_a_fact_says_only_that_one_is_needed_and_how_it_stands(begin: Begin):
    it = await begin()
    await it.order()
    await it.confirm(it.agency)
    await it.refuse(it.agency, "interpreter_fell_away")
    await it.refuse(it.fallback)
    told = [each for each in await it.booking.told() if each.fact.startswith("interpreter.")]
    same = {"task": "first-task", "round": 1, "play": str(it.request.play)}
    assert [(each.fact, each.said) for each in told] == [
        ("interpreter.ordered", same),
        ("interpreter.confirmed", same),
        ("interpreter.ordered", same),
        ("interpreter.declined", {**same, "reason": "no_interpreter"}),
    ]
    assert {each.audience for each in told} == {frozenset({"norrby"})}


async def test_neither_language_nor_anybody_is_in_an_event_or_a_log(begin: Begin, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    it = await begin()
    await it.order()
    await it.refuse(it.agency)
    await it.confirm(it.fallback, "T-4711")
    await it.book({"starts": "2026-11-18T09:00:00Z", "ends": "2026-11-18T10:00:00Z"})
    await it.order(language="Kurmanji, som talas i Afrin")
    await it.confirm(it.agency, "Anna Berg")
    said = json.dumps([each.said for each in await it.booking.told()]) + caplog.text
    requirements = ("kmr", "arb", "T-4711", "T-666", "T-10234", "on_site", "Kurmanji", "Anna")
    assert not [word for word in (*requirements, str(it.request.person_id)) if word in said]

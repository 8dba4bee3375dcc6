"""What is said of the flow: whether it goes on, to anybody; how much waits, only to those who run the service."""

from datetime import UTC, datetime, timedelta

from shared.ids import uuid7
from shared.testing.things import Things
from shared.timers import set_timer


async def test_nobody_is_told_how_much_waits(things: Things):
    answer = await things.app.as_nobody().get("http://samspar/flowz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "faults": {}})


async def test_those_who_run_it_see_what_waits(things: Things):
    due = datetime(2030, 1, 1, tzinfo=UTC)
    async with things.app.here.database.transaction() as uow:
        set_timer(uow, "any", stream=uuid7(), key="one", due=due)
        set_timer(uow, "any", stream=uuid7(), key="two", due=due + timedelta(days=1))
    seen = (await things.app.as_operator().get("/flow")).json()
    assert seen["status"] == "ok"
    assert (seen["unsent"], seen["unread"], seen["timersDue"], seen["parked"]) == (0, 0, 0, {})
    assert datetime.fromisoformat(seen["nextTimer"]) == due


async def test_nobody_else_does(things: Things):
    assert (await things.app.as_nobody().get("/booking/v1/flow")).status_code == 401
    assert (await things.app.as_party("clinic").get("/flow")).status_code == 403
    assert (await things.app.as_operator("agency").get("/flow")).status_code == 403


async def test_what_stalls_is_named_to_everybody(things: Things):
    things.app.here.flow.add("forwarding to agency")
    things.app.here.flow.stalled("forwarding to agency", RuntimeError("a secret"))
    answer = await things.app.as_nobody().get("http://samspar/flowz")
    assert (answer.status_code, answer.json()["faults"]) == (503, {"forwarding to agency": "RuntimeError"})


async def test_requests_are_taken_while_the_broker_is_away(things: Things):
    """An outage of the broker takes no intake away."""
    things.app.here.flow.stalled("publishing", ConnectionError())
    things.app.here.flow.stalled("consuming", ConnectionError())
    nobody = things.app.as_nobody()
    assert (await nobody.get("http://samspar/readyz")).status_code == 200
    assert (await nobody.get("http://samspar/flowz")).status_code == 503
    made = await things.app.as_party("clinic").post("/things", json={"word": "lamp"}, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201

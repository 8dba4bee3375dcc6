"""An event that is none, that nobody may tell, or that is not understood: a dead letter at once, and the rest goes on.

On the in-process bus and on RabbitMQ, which vouches for the user that a message names.
"""

import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from shared.broker.protocol import Message
from shared.envelope import LARGEST
from shared.logs import JsonLines
from shared.testing.apps import App
from shared.testing.numbers import until
from shared.testing.referring import CONTACT, NUMBER
from shared.testing.servers import Vhost
from shared.testing.spans import Spans

from .line import Line, asks, line_on, told
from .town import HOME, TEXT, silent

BODY: dict[str, Any] = {"person": {"number": NUMBER, **CONTACT}, "note": TEXT}
"""What no event may carry, and what somebody may send all the same."""
ASKED = "se.samspar.meeting.requested"


@dataclass(frozen=True, kw_only=True)
class EventCase:
    """How a good request is spoilt, and what becomes of it: `cause` and the start of the error that is kept.

    `by`: the user that sends it. `stops`: its own case waits for it. No cause: nobody hears it.
    """

    what: str
    spoil: Callable[[Message], Message]
    cause: str = ""
    code: str = ""
    remedy: str = "-"
    by: str = f"{HOME}.referral"
    stops: bool = False


def headed(**attributes: str | None) -> Callable[[Message], Message]:
    """With other attributes; None takes one away."""

    def spoil(message: Message) -> Message:
        known: dict[str, Any] = {**message.headers, **{f"ce-{name}": value for name, value in attributes.items()}}
        return replace(message, headers={name: value for name, value in known.items() if value is not None})

    return spoil


def dreamt(message: Message) -> Message:
    """A fact that there is not, by whoever may tell facts about meetings, under the routing key that belongs to it."""
    told = headed(type="se.samspar.meeting.dreamt.v1", source=f"/{HOME}/booking")(message)
    return replace(told, routing_key=f"{HOME}.meeting.dreamt.v1", user_id=f"{HOME}.booking")


CASES = [
    EventCase(
        what="no CloudEvent",
        spoil=lambda message: replace(message, headers={}, body=json.dumps(BODY).encode()),
        cause="sender",
        code="sender/no-cloud-event",
        remedy="Send CloudEvents 1.0 in binary mode.",
    ),
    EventCase(
        what="an attribute that has not its form",
        spoil=headed(id=TEXT),
        cause="sender",
        code="sender/no-cloud-event",
        remedy="Send the attributes in the form of the contract.",
    ),
    EventCase(
        what="a body that is not that of the contract",
        spoil=lambda message: replace(message, body=json.dumps(BODY).encode()),
        cause="schema",
        code="schema/bad-body",
        remedy="Send the body of the contract.",
        stops=True,
    ),
    EventCase(what="an unknown type", spoil=dreamt, by=f"{HOME}.booking"),
    EventCase(
        what="an unknown major version",
        spoil=headed(type=f"{ASKED}.v99"),
        cause="schema",
        code="schema/newer-contract",
        remedy="Upgrade this service; it is tried again when the service starts.",
        stops=True,
    ),
    EventCase(
        what="a user who may not tell it, in another's name",
        spoil=lambda message: replace(message, user_id=f"{HOME}.booking"),
        by=f"{HOME}.booking",
        cause="sender",
        code="sender/not-yours",
        remedy="Tell only what your broker user is registered for.",
    ),
    EventCase(
        what="a user who may not tell it, in its own name",
        spoil=lambda message: replace(headed(source=f"/{HOME}/booking")(message), user_id=f"{HOME}.booking"),
        by=f"{HOME}.booking",
        cause="sender",
        code="sender/not-yours",
        remedy="Tell only what your broker user is registered for.",
    ),
    EventCase(
        what="larger than 1 MiB",
        spoil=lambda message: replace(message, body=json.dumps(BODY | {"note": TEXT * (LARGEST // 50)}).encode()),
        cause="sender",
        code="sender/no-cloud-event",
        remedy="Send events of at most 1 MiB.",
    ),
]


@pytest.fixture(params=["bus", "rabbitmq"])
async def line(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Line]:
    vhost: Vhost | None = None if request.param == "bus" else request.getfixturevalue("vhost")
    async with line_on(tmp_path, vhost) as made:
        yield made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
async def test_it_is_a_dead_letter_that_says_whose_and_why(
    line: Line, case: EventCase, caplog: pytest.LogCaptureFixture
):
    """And what follows comes through: at once, or on another case where its own has to wait."""
    caplog.set_level("INFO")
    spans, spoilt = Spans(), asks()
    bad = case.spoil(told(spoilt))
    await line.send(bad, by=case.by)
    after, other = asks(spoilt.case_id, n=2), asks()
    await line.send(told(after, 2), by=f"{HOME}.referral")
    await line.send(told(other), by=f"{HOME}.referral")
    expected = {other.play} if case.stops else {after.play, other.play}

    async def heard() -> bool:
        return await line.meetings() >= expected

    async def judged() -> bool:
        """What failed for its contract is tried once more when the service has started."""
        return {row.state for row in await line.parked()} <= {"dead", "behind"}

    await until(heard)
    await until(judged)
    await line.platform.quiet()
    assert await line.meetings() == expected
    assert await line.parts() == len(expected), "a part in what is not there"
    parked = await line.parked()
    if not case.cause:
        assert parked == []
        return
    letter, *behind = parked
    assert (letter.state, letter.cause, letter.body) == ("dead", case.cause, bad.body)
    assert letter.last_error.startswith(f"{case.code}: {case.remedy}")
    assert [row.state for row in behind] == (["behind"] if case.stops else [])
    await assert_silent(line.booking, letter, spans.text(), caplog)


async def assert_silent(booking: App, letter: Any, spans: str, caplog: pytest.LogCaptureFixture) -> None:
    """The letter is kept as it came, so that it can be replayed; nothing of what it says is shown or told."""
    operator = booking.as_operator()
    shown = (await operator.get("/dead-letters")).text + (await operator.get(f"/dead-letters/{letter.seq}")).text
    assert "dead" in shown
    for where, said in {
        "the error": letter.last_error + letter.first_error,
        "the desk": shown,
        "the spans": spans,
        "the logs": "\n".join(map(JsonLines().format, caplog.records)),
        "what booking tells": str(await booking.told()),
    }.items():
        silent(said, where)

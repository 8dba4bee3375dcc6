"""What cannot be read, or may not be told, is a dead letter at once and delays nobody."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from shared import tables
from shared.broker.protocol import Message
from shared.envelope import LARGEST
from shared.ids import uuid7
from shared.testing.numbers import number, until, working
from shared.testing.world import World

HEAVY = b'{"n": 1, "x": "' + b"x" * LARGEST + b'"}'
DEEP = b'{"n": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"


def headed(message: Message, **headers: Any) -> Message:
    """With other attributes; None takes one away."""
    known: Mapping[str, Any] = {**message.headers, **{f"ce-{name}": value for name, value in headers.items()}}
    return replace(message, headers={name: value for name, value in known.items() if value is not None})


POISON: dict[str, Callable[[Message], Message]] = {
    "no event": lambda m: replace(m, headers={}),
    "no id": lambda m: headed(m, id=None),
    "no time": lambda m: headed(m, time=None),
    "no version of CloudEvents": lambda m: headed(m, specversion=None),
    "no stream": lambda m: headed(m, partitionkey=None),
    "no type": lambda m: headed(m, type=None),
    "id is no uuid": lambda m: headed(m, id="1"),
    "time without zone": lambda m: headed(m, time="2026-01-01T00:00:00"),
    "source of nobody": lambda m: headed(m, source="/nowhere/teller"),
    "source with a zero": lambda m: headed(m, source="/here\x00/teller"),
    "too large": lambda m: replace(m, body=HEAVY),
    "attribute is a table": lambda m: headed(m, id={"a": [1, 2]}),
    "structured": lambda m: replace(m, headers={}, content_type="application/cloudevents+json"),
}
SPOILT: dict[str, Callable[[Message], Message]] = {
    "not JSON": lambda m: replace(m, body=b"<n>1</n>"),
    "not UTF-8": lambda m: replace(m, body=b'{"n": "\xff"}'),
    "no object": lambda m: replace(m, body=b"[1]"),
    "field missing": lambda m: replace(m, body=b"{}"),
    "too deep": lambda m: replace(m, body=DEEP),
}


@pytest.mark.parametrize("poison", POISON)
async def test_what_is_no_event_of_ours_is_buried_before_its_key_is_claimed(world_of_databases: World, poison: str):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    good = [number(world.here, case, n) for n in (1, 2)]
    bad = POISON[poison](number(world.here, case, 7))
    await hearer.inbox.take([good[0], bad, good[1]])
    await hearer.inbox.take([bad])
    assert await hearer.seen(case) == [1, 2]
    assert [str(row.id) for row in await hearer.rows(tables.inbox)] == [m.id for m in good]
    (letter,) = await hearer.rows(tables.parked)
    assert (letter.state, letter.body) == ("dead", bad.body)
    assert letter.cause == "sender"


@pytest.mark.parametrize("spoilt", SPOILT)
async def test_a_body_that_cannot_be_read_stops_its_own_case_only(world_of_databases: World, spoilt: str):
    world, case, other = world_of_databases, uuid7(), uuid7()
    hearer = await world.numbers()
    bad = SPOILT[spoilt](number(world.here, case, 7))
    await hearer.inbox.take([bad, number(world.here, other, 1), number(world.here, case, 8)])
    assert await hearer.seen(other) == [1]
    assert await hearer.seen(case) == []
    parked = await hearer.rows(tables.parked)
    assert [(row.state, row.cause) for row in parked] == [("dead", "schema"), ("behind", "waiting")]
    assert "7" not in parked[0].last_error


async def test_poison_in_the_queue_delays_nobody(world: World):
    hearer, case = await world.numbers(), uuid7()
    for n, poison in enumerate([*POISON.values(), *SPOILT.values()]):
        await world.send(poison(number(world.here, uuid7(), n)), number(world.here, case, n))
    async with working(hearer.inbox.run(hearer.broker)):

        async def all_heard() -> bool:
            return len(await hearer.seen(case)) == len(POISON) + len(SPOILT)

        await until(all_heard)
    assert await hearer.states() == ["dead"] * (len(POISON) + len(SPOILT))


async def test_nobody_tells_in_another_s_name(world: World):
    """The broker vouches for the user; a message without one is nobody's. The true teller is then still heard."""
    hearer, case = await world.numbers(), uuid7()
    true = number(world.here, case, 1)
    await world.send(replace(true, user_id=f"{world.here}.hearer"), by="hearer")
    await world.send(replace(true, user_id=None))
    await world.send(true)
    async with working(hearer.inbox.run(hearer.broker)):

        async def heard() -> bool:
            return await hearer.seen(case) == [1]

        await until(heard)
    assert await hearer.states() == ["dead", "dead"]
    assert [row.id for row in await hearer.rows(tables.inbox)] == [UUID(true.id)]

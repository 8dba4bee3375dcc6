"""Retries: what is cancelled, what waits too long, and under whose id it runs."""

import asyncio
from datetime import timedelta
from uuid import UUID

from sqlalchemy import update

from shared import tables
from shared.errors import Fault, Refused
from shared.ids import uuid7
from shared.parking import PATIENCE
from shared.testing.numbers import Broken, Numbers, number, working
from shared.testing.world import World
from shared.uow import UnitOfWork


class Later(Refused):
    """Not now."""

    fault = Fault.RECEIVER


async def fails(_: UnitOfWork) -> None:
    raise Later


async def age(hearer: Numbers, by: timedelta) -> None:
    """As if all that is parked had been parked so much earlier."""
    async with hearer.database.writing() as connection:
        for row in await hearer.rows(tables.parked, tables.parked.c.next_at.is_not(None)):
            older = {"parked_at": row.parked_at - by, "next_at": row.next_at - by}
            await connection.execute(update(tables.parked).where(tables.parked.c.seq == row.seq).values(older))


async def test_a_retry_that_is_cancelled_counts_as_no_attempt(world_of_databases: World):
    world, case, met = world_of_databases, uuid7(), asyncio.Event()
    hearer = await world.numbers()
    hearer.breaks[1] = fails
    await hearer.inbox.take([number(world.here, case, 1)])

    async def hangs(_: UnitOfWork) -> None:
        met.set()
        await asyncio.Event().wait()

    hearer.breaks[1] = hangs
    await age(hearer, timedelta(hours=1))
    async with working(hearer.retries.run()) as (running,):
        await met.wait()
        running.cancel()
        done, _ = await asyncio.wait([running], timeout=20)
        assert done, "it goes on although it was cancelled"
    assert [(row.state, row.attempts) for row in await hearer.rows(tables.parked)] == [("failed", 1)]
    hearer.breaks.clear()
    await hearer.retries.try_due()
    assert await hearer.seen(case) == [1]


async def test_a_look_for_what_an_event_waits_for_is_no_attempt(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, 2, needs=1)])
    for _ in range(9):
        await age(hearer, timedelta(hours=1))
        await hearer.retries.try_due()
    assert [(row.state, row.attempts) for row in await hearer.rows(tables.parked)] == [("waiting", 1)]


async def test_what_nothing_came_for_in_a_day_is_a_dead_letter(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, 2, needs=1)])
    await age(hearer, PATIENCE - timedelta(hours=1))
    await hearer.retries.try_due()
    assert await hearer.states() == ["waiting"]
    await age(hearer, timedelta(hours=2))
    await hearer.retries.try_due()
    assert await hearer.states() == ["dead"]


async def test_what_a_retried_event_causes_names_it_as_its_cause(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, event = await world.numbers(), number(world.here, case, 1)
    hearer.echoes, hearer.breaks[1] = True, fails
    await hearer.inbox.take([event])
    hearer.breaks.clear()
    await age(hearer, timedelta(hours=1))
    await hearer.retries.try_due()
    (told,) = await hearer.rows(tables.event)
    assert told.causation == UUID(event.id)


async def bug(_: UnitOfWork) -> None:
    raise Broken


async def test_a_dead_letter_holds_its_case_until_somebody_acts(world_of_databases: World):
    """Whoever told what follows, and however often it is looked at."""
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks[1] = bug
    await hearer.inbox.take([number(world.here, case, 1), number(world.here, case, 2)])
    await hearer.inbox.take([number(world.here, case, 3, teller="hearer")])
    for _ in range(2):
        assert await hearer.retries.try_due() == 0
    assert (await hearer.seen(case), await hearer.states(case)) == ([], ["dead", "behind", "behind"])


async def test_what_another_process_has_run_meanwhile_is_not_run_again(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks[1] = fails
    await hearer.inbox.take([number(world.here, case, n) for n in (1, 2)])
    hearer.breaks.clear()
    handled, seen = hearer.handled, await hearer.rows(tables.parked)
    replica = await world.numbers(like=hearer)
    await age(hearer, timedelta(hours=1))
    assert await replica.retries.try_due() == 2
    for row in seen:
        await hearer.retries.attempt([row])
    assert (await hearer.seen(case), hearer.handled) == ([1, 2], handled)

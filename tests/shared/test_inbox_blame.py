"""Whose fault it is when the database refuses: the event's, or our own infrastructure's."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import tables
from shared.ids import uuid7
from shared.testing.numbers import Broken, number
from shared.testing.world import World
from shared.uow import UnitOfWork


async def test_a_statement_that_takes_too_long_is_the_event_s_fault(postgres_world: World):
    """Else one event would stop the queue for ever."""
    world, case, other = postgres_world, uuid7(), uuid7()
    hearer = await world.numbers()

    async def takes_long(uow: UnitOfWork) -> None:
        await uow.session.execute(text("SET LOCAL statement_timeout = '100ms'"))
        await uow.session.execute(text("SELECT pg_sleep(30)"))

    hearer.breaks[1] = takes_long
    await hearer.inbox.take([number(world.here, case, 1), number(world.here, other, 2)])
    assert (await hearer.states(case), await hearer.seen(other)) == (["dead"], [2])


async def test_a_lock_that_another_holds_is_nobody_s_fault(postgres_world: World):
    world, case, held = postgres_world, uuid7(), uuid7()
    hearer = await world.numbers()

    async def waits_for_a_lock(uow: UnitOfWork) -> None:
        await uow.session.execute(text("SET LOCAL lock_timeout = '100ms'"))
        await uow.lock(held)

    hearer.breaks[1] = waits_for_a_lock
    event = number(world.here, case, 1)
    async with hearer.database.transaction() as holder:
        await holder.lock(held)
        with pytest.raises(DBAPIError):
            await hearer.inbox.take([event])
        assert await hearer.states() == []
    await hearer.inbox.take([event])
    assert (await hearer.seen(case), await hearer.states()) == ([1], [])


async def test_a_source_has_the_number_that_was_committed(world_of_databases: World):
    """Not that of a transaction which was taken back: another source could have it next."""
    world = world_of_databases
    hearer = await world.numbers()

    async def bug(_: UnitOfWork) -> None:
        raise Broken

    hearer.breaks[1] = bug
    await hearer.inbox.take([number(world.here, uuid7(), 1)])
    replica = await world.numbers(like=hearer)
    await replica.inbox.take([number(world.here, uuid7(), 2, teller="hearer")])
    await hearer.inbox.take([number(world.here, uuid7(), 3)])
    numbers = {row.name.rpartition("/")[2]: row.number for row in await hearer.rows(tables.source)}
    assert numbers.keys() == {"teller", "hearer"}
    assert sorted(row.source for row in await hearer.rows(tables.inbox)) == sorted(
        [*numbers.values(), numbers["teller"]]
    )

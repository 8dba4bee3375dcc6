"""What happens to a timer between the look for it and its going off."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared import tables
from shared.clock import StoppedClock
from shared.ids import uuid7
from shared.testing.numbers import Broken, Numbers, number
from shared.testing.world import World
from shared.timers import TimerLoop, set_timer
from shared.uow import UnitOfWork

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
NOW = START + timedelta(hours=2)


async def set_for(service: Numbers, case: UUID, due: datetime) -> None:
    async with service.database.transaction() as uow:
        await uow.lock(case)
        set_timer(uow, "number", stream=case, key="9", due=due)


async def due_soon(world: World, case: UUID) -> Numbers:
    """With a timer that is due."""
    service = await world.numbers(clock=StoppedClock(NOW))
    await set_for(service, case, START)
    return service


def meanwhile(service: Numbers, does: Callable[[], Awaitable[object]]) -> TimerLoop:
    """A loop to which something happens when it has looked and before it acts."""

    async def stored_until() -> datetime:
        await does()
        return NOW

    return service.timer_loop(stored_until)


async def test_a_timer_that_two_have_seen_goes_off_once(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    service = await due_soon(world, case)
    replica = await world.numbers(like=service, clock=StoppedClock(NOW))

    async def nothing() -> None:
        pass

    assert await meanwhile(service, meanwhile(replica, nothing).ring_due).ring_due() == 0
    assert await service.seen(case) == [9]


async def test_a_timer_that_is_moved_meanwhile_waits_for_its_new_time(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    service = await due_soon(world, case)
    later = NOW + timedelta(days=1)
    assert await meanwhile(service, lambda: set_for(service, case, later)).ring_due() == 0
    assert await service.seen(case) == []
    assert [row.due for row in await service.rows(tables.timer)] == [later]


async def test_a_timer_whose_case_tells_meanwhile_waits_until_it_is_sent(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    service = await due_soon(world, case)
    assert await meanwhile(service, lambda: service.tell(case, 1)).ring_due() == 0
    assert await service.seen(case) == []


async def test_a_timer_whose_case_is_parked_meanwhile_waits(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    service = await due_soon(world, case)

    async def bug(_: UnitOfWork) -> None:
        raise Broken

    service.breaks[1] = bug
    assert await meanwhile(service, lambda: service.inbox.take([number(world.here, case, 1)])).ring_due() == 0
    assert await service.seen(case) == []

"""Timers survive restarts, go off in order, and not before all that was heard until then is stored."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import insert

from shared import tables
from shared.broker.protocol import BrokerAway
from shared.clock import StoppedClock
from shared.ids import uuid7
from shared.testing.numbers import Broken, Numbers, Once, number, until, working
from shared.testing.world import World
from shared.timers import set_timer
from shared.uow import UnitOfWork

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


async def bug(_: UnitOfWork) -> None:
    raise Broken


async def twice(uow: UnitOfWork) -> None:
    await uow.session.execute(insert(Once), [{"n": 1}, {"n": 1}])


async def set_for(service: Numbers, case: UUID, **hours: float) -> None:
    """`n1=2.5`: number 1 after two and a half hours."""
    async with service.database.transaction() as uow:
        await uow.lock(case)
        for name, after in hours.items():
            await set_timer(uow, "number", stream=case, key=name[1:], due=START + timedelta(hours=after))


async def settled(service: Numbers, case: UUID, expected: list[int]) -> None:
    async def as_expected() -> bool:
        return await service.seen(case) == expected

    await until(as_expected)


async def test_timers_go_off_in_the_order_of_their_instants_and_not_before(world_of_databases: World):
    clock, case = StoppedClock(START), uuid7()
    service = await world_of_databases.numbers(clock=clock)
    await set_for(service, case, n3=3, n1=1, n2=2, n9=9)
    loop = service.timer_loop(always)
    assert await loop.ring_due() == 0
    clock.set(START + timedelta(hours=4))
    assert await loop.ring_due() == 3
    assert await service.seen(case) == [1, 2, 3]


async def always() -> bool:
    return True


async def test_a_timer_survives_a_restart_and_goes_off_once(world_of_databases: World):
    clock, case = StoppedClock(START), uuid7()
    service = await world_of_databases.numbers(clock=clock)
    await set_for(service, case, n1=1)
    await service.database.close()
    clock.set(START + timedelta(hours=2))
    restarted = await world_of_databases.numbers(like=service, clock=clock)
    assert await restarted.timer_loop(always).ring_due() == 1
    assert await restarted.timer_loop(always).ring_due() == 0
    assert await restarted.seen(case) == [1]


async def test_a_timer_set_again_is_moved(world_of_databases: World):
    clock, case = StoppedClock(START), uuid7()
    service = await world_of_databases.numbers(clock=clock)
    await set_for(service, case, n1=1)
    await set_for(service, case, n1=5)
    clock.set(START + timedelta(hours=2))
    assert await service.timer_loop(always).ring_due() == 0
    assert len(await service.rows(tables.timer)) == 1


async def test_no_timer_goes_off_before_what_was_sent_is_stored(world: World):
    """Also not while messages have left the broker's queue and are not stored yet."""
    hearer, case = await world.numbers(), uuid7()
    await set_for(hearer, case, n999=0)
    await world.send(*[number(world.here, case, n) for n in range(250)])
    async with working(hearer.timer_loop().run(), hearer.inbox.run(hearer.broker)):
        await settled(hearer, case, [*range(250), 999])


async def test_handed_out_and_not_acked_is_unread(world: World):
    hearer = await world.numbers()
    await world.send(*[number(world.here, uuid7(), n) for n in range(250)])
    async with hearer.broker.consumer(hearer.inbox.queue, most=100) as consumer:
        left: list[int] = []
        async for batch in consumer.batches():
            if batch.messages:
                left.append(await consumer.unread())
                await batch.ack()
                left.append(await consumer.unread())
                if not left[-1]:
                    break
    assert left[:2] == [250, 250 - (left[0] - left[1])]
    assert left[-1] == 0
    assert left == sorted(left, reverse=True)


async def test_a_failing_timer_does_not_hold_back_the_others(world_of_databases: World):
    clock, cases = StoppedClock(START), [uuid7() for _ in range(3)]
    service = await world_of_databases.numbers(clock=clock)
    service.breaks = {1: bug, 2: twice}
    for n, case in enumerate(cases, 1):
        await set_for(service, case, **{f"n{n}": n})
    clock.set(START + timedelta(hours=4))
    loop = service.timer_loop(always)
    await loop.ring_due()
    assert [await service.seen(case) for case in cases] == [[], [], [3]]
    assert len(await service.rows(tables.timer)) == 2
    service.breaks.clear()
    again = service.timer_loop(always)
    await again.ring_due()
    assert [await service.seen(case) for case in cases] == [[1], [2], [3]]


async def test_not_even_a_hundred_failing_timers_hold_back_the_next(world_of_databases: World):
    clock, case, last = StoppedClock(START), uuid7(), uuid7()
    service = await world_of_databases.numbers(clock=clock)
    service.breaks = dict.fromkeys(range(1, 101), bug)
    await set_for(service, case, **{f"n{n}": 1 for n in range(1, 101)})
    await set_for(service, last, n777=2)
    clock.set(START + timedelta(hours=4))
    loop = service.timer_loop(always)
    await loop.ring_due()
    await loop.ring_due()
    assert await service.seen(last) == [777]


async def test_while_the_broker_is_away_timers_wait_and_then_go_off(world_of_databases: World):
    clock, case, away = StoppedClock(START), uuid7(), True
    service = await world_of_databases.numbers(clock=clock)
    await set_for(service, case, n1=0)

    async def caught_up() -> bool:
        if away:
            raise BrokerAway("not now")
        return True

    async def stalled() -> bool:
        return service.flow.faults().get("timing") == "BrokerAway"

    async with working(service.timer_loop(caught_up).run()):
        await until(stalled)
        assert await service.seen(case) == []
        away = False
        await settled(service, case, [1])

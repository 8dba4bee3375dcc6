"""Timers survive restarts, go off in order, and not before all that was heard until then is stored."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import insert

from shared import tables
from shared.broker.protocol import BrokerAway
from shared.clock import StoppedClock
from shared.ids import uuid7
from shared.inbox.progress import START as NEVER
from shared.inbox.progress import Progress
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
            set_timer(uow, "number", stream=case, key=name[1:], due=START + timedelta(hours=after))


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


async def always() -> datetime:
    return datetime.max.replace(tzinfo=UTC)


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

    async def stored_until() -> datetime:
        if away:
            raise BrokerAway("not now")
        return await always()

    async def stalled() -> bool:
        return service.flow.faults().get("timing") == "BrokerAway"

    async with working(service.timer_loop(stored_until).run()):
        await until(stalled)
        assert await service.seen(case) == []
        away = False
        await settled(service, case, [1])


async def test_under_a_load_that_never_ends_timers_go_off_once_what_came_before_is_stored(world: World):
    """The queue is never empty, and the timer does not wait for that."""
    hearer, case = await world.numbers(), uuid7()
    await world.send(*[number(world.here, case, n) for n in range(150)])
    right = hearer.database.alone(1, waiting=lambda: None)
    async with right as held, hearer.broker.consumer(hearer.inbox.queue, most=100) as consumer:
        progress = Progress(consumer, held, hearer.database.clock)
        before = hearer.database.clock.now()
        for _ in range(3):
            assert await progress.until() < before, "nothing was stored in between"
        async for batch in consumer.batches():
            if batch.messages:
                await world.send(*[number(world.here, uuid7(), n) for n in range(len(batch.messages))])
                await batch.ack()
                progress.stored(len(batch.messages))
                if await progress.until() >= before:
                    break
        assert await progress.unread() > 0


async def test_no_timer_goes_off_while_its_stream_is_parked_by_our_own_fault(world_of_databases: World):
    world, clock, case = world_of_databases, StoppedClock(START), uuid7()
    service = await world.numbers(clock=clock)
    service.breaks = {1: bug}
    await set_for(service, case, n9=1)
    await service.inbox.take([number(world.here, case, 1)])
    clock.set(START + timedelta(hours=2))
    loop = service.timer_loop(always)
    assert await loop.ring_due() == 0
    assert await service.seen(case) == []
    await skip_all(service)
    assert await loop.ring_due() == 1


async def test_a_timer_goes_off_although_another_organisation_s_event_failed(world_of_databases: World):
    """Nobody can stop a deadline from outside."""
    world, clock, case = world_of_databases, StoppedClock(START), uuid7()
    service = await world.numbers(clock=clock)
    service.breaks = {1: bug}
    await set_for(service, case, n9=1)
    await service.inbox.take([number(world.there, case, 1, teller="hearer")])
    assert await service.states(case) == ["dead"]
    clock.set(START + timedelta(hours=2))
    assert await service.timer_loop(always).ring_due() == 1


async def test_no_timer_goes_off_while_what_the_service_told_of_its_stream_is_unsent(world_of_databases: World):
    clock, case = StoppedClock(START), uuid7()
    service = await world_of_databases.numbers(clock=clock)
    await set_for(service, case, n9=1)
    await service.tell(case, 1)
    await service.tell(uuid7(), 2)
    clock.set(START + timedelta(hours=2))
    loop = service.timer_loop(always)
    assert await loop.ring_due() == 0
    async with service.database.writing() as connection:
        await connection.execute(tables.event.update().where(tables.event.c.stream == case).values(position=1))
    assert await loop.ring_due() == 1


async def test_timers_go_off_only_where_the_queue_is_consumed(postgres_world: World):
    """A standby knows nothing of what the consumer beside it has in hand."""
    world, case = postgres_world, uuid7()
    hearer = await world.numbers()
    standby = await world.numbers(like=hearer)
    in_hand, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: UnitOfWork) -> None:
        in_hand.set()
        await go_on.wait()

    hearer.breaks = {1: slow}
    async with working(hearer.inbox.run(hearer.broker)):
        await world.send(number(world.here, case, 1))
        await in_hand.wait()
        async with working(standby.inbox.run(standby.broker)):

            async def standing_by() -> bool:
                return standby.flow.lines["consuming"].standing_by

            await until(standing_by)
            await set_for(standby, uuid7(), n9=-9999)
            assert await standby.timer_loop().ring_due() == 0
            assert await standby.inbox.unread() is None
            go_on.set()
            await settled(hearer, case, [1])


async def skip_all(service: Numbers) -> None:
    async with service.database.writing() as connection:
        await connection.execute(tables.parked.delete())


async def test_right_after_a_take_over_nothing_is_believed_to_be_stored(postgres_world: World):
    """Whoever had the right to consume may still have a batch in hand, and the queue looks empty."""
    hearer = await postgres_world.numbers()
    replica = await postgres_world.numbers(like=hearer)
    waited, known = asyncio.Event(), list[datetime]()

    async def take_over() -> None:
        right = replica.database.alone(1, waiting=waited.set)
        async with right as held, replica.broker.consumer(replica.inbox.queue) as consumer:
            known.append(await Progress(consumer, held, replica.database.clock).until())

    async with hearer.database.alone(1, waiting=waited.set) as held:
        taking = asyncio.create_task(take_over())
        await waited.wait()
        assert not held.contested
    async with asyncio.timeout(20):
        await taking
    assert known == [NEVER]

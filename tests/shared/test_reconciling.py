"""What was told and never came is found, shown and healed, whatever it was lost by; and nothing else is."""

import asyncio

from shared import tables
from shared.ids import uuid7
from shared.testing.numbers import Numbers, NumberTold, until, working
from shared.testing.servers import RabbitMQ, Vhost
from shared.testing.tellers import Rounds, all_sent, consuming, heard, unheard
from shared.testing.world import World
from shared.topology import apply


async def test_what_was_lost_on_the_way_is_told_again_in_order(world: World):
    teller, hearer, case = await world.numbers("teller"), await world.numbers(), uuid7()
    rounds = Rounds.of(hearer, teller)
    async with unheard(world, teller):
        await teller.tell(case, *range(5))
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        await consuming(hearer)
        found = await rounds.round(teller)
        assert (found.told, found.here, found.missing, found.healed) == (5, 5, 0, 5)
        await heard(hearer, case, range(5))
        await teller.tell(case, 5)
        await heard(hearer, case, range(6))
        await all_sent(teller)
        found = await rounds.round(teller)
    assert (found.told, found.missing, found.healed) == (6, 0, 5)
    assert await hearer.states() == []


async def test_nothing_is_missing_while_events_are_under_way(world: World):
    """Rounds under traffic heal nothing: what has a position is in the queue, in hand, or stored."""
    teller, hearer, cases = await world.numbers("teller"), await world.numbers(), [uuid7() for _ in range(4)]
    rounds = Rounds.of(hearer, teller)

    async def tell() -> None:
        for n in range(60):
            await teller.tell(cases[n % 4], n)

    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        await consuming(hearer)
        telling = asyncio.create_task(tell())
        found = [await rounds.round(teller)]
        while not telling.done():
            found.append(await rounds.round(teller))
        await telling
        for first, case in enumerate(cases):
            await heard(hearer, case, range(first, 60, 4))
        await all_sent(teller)
        found.append(await rounds.round(teller))
    assert {(each.missing, each.healed, each.fault) for each in found} == {(0, 0, None)}
    assert found[-1].here == 60


async def test_what_is_still_in_the_queue_is_neither_missing_nor_overtaken(servers: World):
    """The hearer is held up in the middle of a batch: what stands behind it has a position, and no key yet."""
    world, case, other = servers, uuid7(), uuid7()
    teller, hearer = await world.numbers("teller"), await world.numbers()
    rounds, released = Rounds.of(hearer, teller), asyncio.Event()
    hearer.breaks[0] = lambda _: released.wait()
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        await consuming(hearer)
        await teller.tell(case, 0)
        await until_handled(hearer, 1)
        await teller.tell(other, 1, 2)
        await all_sent(teller)
        round_ = asyncio.create_task(rounds.round(teller))
        await until_asked(rounds)
        released.set()
        found = await round_
    assert (found.missing, found.healed) == (0, 0)
    assert (await hearer.seen(other), hearer.handled) == ([1, 2], 3)


async def until_handled(hearer: Numbers, count: int) -> None:
    async def handled() -> bool:
        return hearer.handled >= count

    await until(handled)


async def until_asked(rounds: Rounds) -> None:
    async def asked() -> bool:
        return rounds.nearby.asked > 0

    await until(asked)


async def test_a_queue_that_is_emptied_behind_everybody_s_back(servers: World, rabbitmq: RabbitMQ, common_vhost: Vhost):
    world, case = servers, uuid7()
    teller, hearer = await world.numbers("teller"), await world.numbers()
    rounds = Rounds.of(hearer, teller)
    async with working(teller.relay.run()):
        await teller.tell(case, 1, 2)
        await all_sent(teller)
        rabbitmq.manage("DELETE", f"/queues/{common_vhost.name}/{hearer.inbox.queue}/contents")
        await teller.tell(case, 3)
        await all_sent(teller)
        async with working(hearer.inbox.run(hearer.broker)):
            await heard(hearer, case, [3])
            found = await rounds.round(teller)
    assert (found.missing, found.healed) == (0, 2)
    assert await hearer.seen(case) == [3, 1, 2]


async def test_a_binding_that_somebody_removed(servers: World, rabbitmq: RabbitMQ, common_vhost: Vhost):
    world, case = servers, uuid7()
    teller, hearer = await world.numbers("teller"), await world.numbers()
    rounds = Rounds.of(hearer, teller)
    binding = f"/e/samspar.{world.here}/q/{hearer.inbox.queue}/*.number.told.v1"
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        await consuming(hearer)
        rabbitmq.manage("DELETE", f"/bindings/{common_vhost.name}{binding}")
        await teller.tell(case, 1, 2)
        await all_sent(teller)
        assert (await rounds.round(teller)).healed == 2
        await apply(common_vhost.url, world.topologies, settle=0)
        await teller.tell(case, 3)
        await heard(hearer, case, [1, 2, 3])
        assert (await rounds.round(teller)).healed == 2


async def test_a_service_added_later_hears_all_that_it_may_from_the_beginning(world: World):
    """Of another organisation: what its audience allows, and no more."""
    teller, case, own = await world.numbers("teller"), uuid7(), uuid7()
    async with unheard(world, teller):
        for n in range(4):
            await teller.tell(case, n, to=frozenset({world.there}))
            await teller.tell(own, n)
    added, late = await world.numbers(), await world.numbers(organisation=world.there)
    found = await Rounds.of(added, teller).round(teller, before_the_queue=True)
    assert (found.healed, await added.seen(case), await added.seen(own)) == (8, [*range(4)], [*range(4)])
    theirs = Rounds.of(late, teller)
    found = await theirs.round(teller, before_the_queue=True)
    assert (found.told, await late.seen(case)) == (0, []), "its forwarder has not come so far"
    (forwarder,) = teller.forwarding.forwarders
    thief = await world.numbers(organisation=world.there)
    async with working(forwarder.run(), thief.inbox.run(thief.broker)):
        await heard(thief, case, range(4))
        await until_forwarded(teller, 8)
    found = await theirs.round(teller, before_the_queue=True)
    assert (found.healed, await late.seen(case), await late.seen(own)) == (4, [*range(4)], [])
    assert len(await late.rows(tables.inbox)) == 4


async def until_forwarded(teller: Numbers, position: int) -> None:
    async def forwarded() -> bool:
        return [row.position for row in await teller.rows(tables.cursor)] == [position]

    await until(forwarded)


async def test_a_healed_fact_wakes_what_waits_for_it(world_of_databases: World):
    """Newer events of its stream were handled already: what needs the older one waits, and runs after it."""
    world, case = world_of_databases, uuid7()
    teller, hearer = await world.numbers("teller"), await world.numbers()
    rounds = Rounds.of(hearer, teller)
    async with unheard(world, teller):
        await teller.tell(case, 1)
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker), hearer.retries.run()):
        await consuming(hearer)
        async with teller.database.transaction() as uow:
            await uow.lock(case)
            uow.emit(NumberTold(case_id=case, home=world.here, time=uow.now, n=2, needs=1))
        await all_sent(teller)
        assert await hearer.states(case) == ["waiting"]
        assert (await rounds.round(teller)).healed == 1
        await heard(hearer, case, [1, 2])
    assert await hearer.states(case) == []

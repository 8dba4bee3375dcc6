"""The order of a stream, over every pair of database and broker."""

from shared.ids import uuid7
from shared.testing.numbers import number, until, working
from shared.testing.world import World


async def test_what_one_service_tells_of_a_case_is_handled_in_order(world: World):
    teller, hearer = await world.numbers("teller"), await world.numbers("hearer")
    cases = [uuid7() for _ in range(3)]
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        for n in range(1, 40):
            for case in cases:
                await teller.tell(case, 2 * n, 2 * n + 1)

        async def all_heard() -> bool:
            return all([len(await hearer.seen(case)) == 78 for case in cases])

        await until(all_heard)
    assert all([await hearer.seen(case) == list(range(2, 80)) for case in cases])


async def test_messages_are_handled_in_the_order_of_the_queue(world: World):
    hearer, case = await world.numbers(), uuid7()
    await world.send(*[number(world.here, case, n) for n in range(300)])
    async with working(hearer.inbox.run(hearer.broker)):

        async def all_heard() -> bool:
            return len(await hearer.seen(case)) == 300

        await until(all_heard)
    assert await hearer.seen(case) == list(range(300))

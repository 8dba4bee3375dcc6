"""Each event is handled once, however often it is delivered."""

from uuid import UUID

from shared import tables
from shared.ids import uuid7
from shared.testing.numbers import Numbers, number, until, working
from shared.testing.world import World


async def all_read(service: Numbers) -> None:
    """Waits until nothing is left in the queue."""

    async def nothing_left() -> bool:
        return await service.inbox.unread() == 0

    await until(nothing_left)


async def test_a_message_delivered_many_times_is_handled_once(world: World):
    hearer, case = await world.numbers(), uuid7()
    messages = [number(world.here, case, n) for n in range(3)]
    await world.send(*messages, *messages, *messages[::-1])
    async with working(hearer.inbox.run(hearer.broker)):
        await world.send(*messages)

        async def heard() -> bool:
            return len(await hearer.seen(case)) >= 3

        await until(heard)
        await all_read(hearer)
    assert await hearer.seen(case) == [0, 1, 2]


async def test_a_message_is_not_handled_again_after_a_restart(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, message = await world.numbers(), number(world.here, case, 1)
    await hearer.inbox.take([message])
    restarted = await world.numbers(like=hearer)
    await restarted.retries.understand()
    await restarted.inbox.take([message, number(world.here, case, 2)])
    assert await restarted.seen(case) == [1, 2]


async def test_a_batch_cut_before_its_ack_comes_again_and_is_handled_once(world: World):
    hearer, case = await world.numbers(), uuid7()
    await world.send(*[number(world.here, case, n) for n in range(250)])
    async with hearer.broker.consumer(hearer.inbox.queue, most=100) as consumer:
        async for batch in consumer.batches():
            if batch.messages:
                await hearer.inbox.take(batch.messages)
                break
    assert await hearer.seen(case)
    async with working(hearer.inbox.run(hearer.broker)):

        async def heard() -> bool:
            return len(await hearer.seen(case)) == 250

        await until(heard)
        await all_read(hearer)
    assert await hearer.seen(case) == list(range(250))


async def test_the_same_id_with_another_content_is_one_dead_letter_and_does_nothing(world_of_databases: World):
    world, case, id_ = world_of_databases, uuid7(), uuid7()
    hearer = await world.numbers()
    other = number(world.here, case, 2, id_=id_)
    await hearer.inbox.take([number(world.here, case, 1, id_=id_)])
    await hearer.inbox.take([other, number(world.here, case, 3)])
    await hearer.inbox.take([other])
    assert await hearer.seen(case) == [1, 3]
    (letter,) = await hearer.rows(tables.parked)
    assert (letter.state, letter.cause, letter.event_id) == ("dead", "sender", id_)
    assert "other-content" in letter.last_error


async def test_two_contents_under_one_id_in_one_batch(world_of_databases: World):
    world, case, id_ = world_of_databases, uuid7(), uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, n, id_=id_) for n in (1, 2)])
    assert await hearer.seen(case) == [1]
    assert await hearer.states() == ["dead"]


async def test_the_same_id_from_another_source_is_another_event(world_of_databases: World):
    world, case, id_ = world_of_databases, uuid7(), uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, n, id_=id_, teller=t) for n, t in ((1, "teller"), (2, "hearer"))])
    assert await hearer.seen(case) == [1, 2]


async def test_what_is_addressed_to_another_organisation_is_keyed_and_not_handled(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    mine, others = (number(world.here, case, n, addressee=to) for n, to in ((1, world.here), (2, world.there)))
    await hearer.inbox.take([mine, others])
    assert await hearer.seen(case) == [1]
    keys = {row.id for row in await hearer.rows(tables.inbox)}
    assert keys == {UUID(mine.id), UUID(others.id)}
    assert await hearer.states() == []


async def test_a_source_uses_up_one_number_however_often_a_service_starts(world_of_databases: World):
    world = world_of_databases
    first = await world.numbers()
    for n in range(3):
        restarted = await world.numbers(like=first)
        await restarted.inbox.take([number(world.here, uuid7(), n)])
    await first.inbox.take([number(world.here, uuid7(), 9, teller="hearer")])
    assert [row.number for row in await first.rows(tables.source)] == [1, 2]


async def test_the_same_id_and_body_about_another_case_or_of_another_type_is_another_content(
    world_of_databases: World,
):
    world, case, id_ = world_of_databases, uuid7(), uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, 1, id_=id_)])
    await hearer.inbox.take([number(world.here, uuid7(), 1, id_=id_)])
    await hearer.inbox.take([number(world.here, case, 1, id_=id_, type_="se.samspar.number.told.v2")])
    assert [(row.state, row.event_id) for row in await hearer.rows(tables.parked)] == [("dead", id_)] * 2
    assert await hearer.seen(case) == [1]

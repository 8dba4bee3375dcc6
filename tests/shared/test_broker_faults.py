"""The whole path while servers are killed under it: all that was told arrives, each event once, in order."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from shared.broker import rabbitmq as broker
from shared.broker.protocol import BrokerAway
from shared.db import CommitUnknown
from shared.ids import uuid7
from shared.tables import event
from shared.testing.numbers import Numbers, number, until, working
from shared.testing.servers import Postgres, RabbitMQ, Vhost
from shared.testing.world import World
from shared.topology import apply
from shared.uow import UnitOfWork

ROUNDS = 120


async def tell_all(teller: Numbers, cases: list[UUID]) -> None:
    """One number of every case after the other, whatever happens; a transaction that fails is told again."""
    for n in range(ROUNDS):
        for case in cases:
            while True:
                try:
                    if len(await teller.rows(event, event.c.stream == case)) == n:
                        await teller.tell(case, n)
                    break
                except (DBAPIError, CommitUnknown, OSError, TimeoutError):
                    await asyncio.sleep(0.1)


async def all_arrive(hearer: Numbers, cases: list[UUID]) -> None:
    async def arrived() -> bool:
        try:
            return all([len(await hearer.seen(case)) >= ROUNDS for case in cases])
        except (DBAPIError, OSError):
            return False

    await until(arrived, seconds=60)
    for case in cases:
        assert await hearer.seen(case) == list(range(ROUNDS))
    assert await hearer.states() == []


@pytest.fixture
async def killable(servers: World) -> AsyncGenerator[tuple[Numbers, Numbers]]:
    """A teller and a hearer at work."""
    teller, hearer = await servers.numbers("teller"), await servers.numbers()
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker), hearer.retries.run()):
        yield teller, hearer


async def test_postgres_is_killed_under_flow(killable: tuple[Numbers, Numbers], postgres: Postgres):
    teller, hearer = killable
    cases = [uuid7() for _ in range(3)]
    telling = asyncio.create_task(tell_all(teller, cases))
    for _ in range(2):
        await asyncio.sleep(0.5)
        postgres.kill()
        await asyncio.sleep(0.2)
        await asyncio.to_thread(postgres.start)
    await telling
    await all_arrive(hearer, cases)
    assert {*await teller.positions()} == {*range(1, 3 * ROUNDS + 1)}


async def test_the_broker_is_killed_under_flow(killable: tuple[Numbers, Numbers], rabbitmq: RabbitMQ):
    teller, hearer = killable
    cases = [uuid7() for _ in range(3)]
    await asyncio.sleep(3)  # RabbitMQ 3.10 ruins a younger quorum queue
    telling = asyncio.create_task(tell_all(teller, cases))
    await asyncio.sleep(0.5)
    rabbitmq.kill()

    async def both_say_so() -> bool:
        return "publishing" in teller.flow.faults() and "consuming" in hearer.flow.faults()

    await until(both_say_so)
    await asyncio.to_thread(rabbitmq.start)
    await telling
    await all_arrive(hearer, cases)
    assert "publishing" not in teller.flow.faults()
    assert "consuming" not in hearer.flow.faults()


async def test_a_broker_that_blocks_publishers_still_takes_acks_and_gets_each_message_once(
    servers: World, rabbitmq: RabbitMQ, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """An alarm: the broker reads nothing any more from whoever publishes."""
    monkeypatch.setattr(broker, "CONFIRM", 1.0)
    world, case, other, in_hand, go_on = servers, uuid7(), uuid7(), asyncio.Event(), asyncio.Event()
    hearer = await world.numbers()

    async def slow(_: UnitOfWork) -> None:
        in_hand.set()
        await go_on.wait()

    hearer.breaks[1] = slow
    await world.send(number(world.here, case, 1))
    async with working(hearer.inbox.run(hearer.broker), hearer.relay.run()):
        await in_hand.wait()
        try:
            await asyncio.to_thread(rabbitmq.control, "set_vm_memory_high_watermark", "0.0000001")
            await hearer.tell(other, 2)

            async def blocked() -> bool:
                return "publishing" in hearer.flow.faults()

            await until(blocked)
            go_on.set()

            async def acked() -> bool:
                return await hearer.seen(case) == [1] and await hearer.inbox.unread() == 0

            await until(acked)
            assert "consuming stalled" not in caplog.text
        finally:
            await asyncio.to_thread(rabbitmq.control, "set_vm_memory_high_watermark", "0.4")

        async def sent() -> bool:
            return await hearer.seen(other) == [2]

        await until(sent, seconds=60)


async def test_a_consumer_whose_queue_is_deleted_says_so_and_goes_on_when_it_is_back(
    servers: World, rabbitmq: RabbitMQ, common_vhost: Vhost
):
    hearer, case = await servers.numbers(), uuid7()
    async with working(hearer.inbox.run(hearer.broker)):
        await servers.send(number(servers.here, case, 1))

        async def heard_one() -> bool:
            return await hearer.seen(case) == [1]

        await until(heard_one)
        rabbitmq.manage("DELETE", f"/queues/{common_vhost.name}/{hearer.inbox.queue}")

        async def stalled() -> bool:
            return "consuming" in hearer.flow.faults()

        await until(stalled)
        await apply(common_vhost.url, servers.topologies, settle=0)

        async def goes_on() -> bool:
            return "consuming" not in hearer.flow.faults()

        await until(goes_on)
        await servers.send(number(servers.here, case, 2))

        async def heard_both() -> bool:
            return await hearer.seen(case) == [1, 2]

        await until(heard_both)


async def test_a_consumer_whose_queue_was_made_anew_behind_its_back_says_so(
    servers: World, rabbitmq: RabbitMQ, common_vhost: Vhost
):
    """The queue is there, empty, and nobody is its consumer."""
    hearer = await servers.numbers()
    async with hearer.broker.consumer(hearer.inbox.queue) as consumer:
        assert await consumer.unread() == 0
        rabbitmq.manage("DELETE", f"/queues/{common_vhost.name}/{hearer.inbox.queue}")
        await apply(common_vhost.url, servers.topologies, settle=0)
        with pytest.raises(BrokerAway):
            await consumer.unread()

"""The whole path while servers are killed under it: all that was told arrives, each event once, in order."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from shared.broker import rabbitmq as broker
from shared.db import CommitUnknown
from shared.ids import uuid7
from shared.tables import event
from shared.testing.numbers import Numbers, number, until, working
from shared.testing.servers import Postgres, RabbitMQ
from shared.testing.world import World
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
    servers: World, rabbitmq: RabbitMQ, monkeypatch: pytest.MonkeyPatch
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
            assert "consuming" not in hearer.flow.faults()
        finally:
            await asyncio.to_thread(rabbitmq.control, "set_vm_memory_high_watermark", "0.4")

        async def sent() -> bool:
            return await hearer.seen(other) == [2]

        await until(sent, seconds=60)

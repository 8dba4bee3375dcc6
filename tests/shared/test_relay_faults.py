"""The relay when something breaks: one relay a database, nothing lost, nothing marked that was not confirmed."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from shared.broker.protocol import Message, exchange_of
from shared.ids import uuid7
from shared.testing.numbers import Numbers, until, working
from shared.testing.servers import RabbitMQ, Vhost
from shared.testing.world import World
from shared.topology import apply


@asynccontextmanager
async def hearing(hearer: Numbers, into: list[Message]) -> AsyncGenerator[None]:
    async def read() -> None:
        async with hearer.broker.consumer(hearer.inbox.queue) as consumer:
            async for batch in consumer.batches():
                into.extend(batch.messages)
                await batch.ack()

    async with working(read()):
        yield


async def sent(teller: Numbers, number: int) -> None:
    async def all_marked() -> bool:
        positions = await teller.positions()
        return len(positions) == number and None not in positions

    await until(all_marked)


async def test_of_two_relays_one_publishes_and_the_other_takes_over(servers: World):
    heard: list[Message] = []
    first = await servers.numbers("teller")
    second = await servers.numbers("teller", like=first)
    leading = asyncio.create_task(first.relay.run())
    try:
        async with hearing(await servers.numbers(), heard):
            await first.tell(uuid7(), 1)
            await sent(first, 1)
            async with working(second.relay.run()):

                async def stands_by() -> bool:
                    return second.flow.lines["publishing"].standing_by

                await until(stands_by)
                for n in range(20):
                    await first.tell(uuid7(), n)
                await sent(first, 21)
                assert second.flow.lines["publishing"].standing_by
                leading.cancel()
                await first.tell(uuid7(), 99)
                await sent(first, 22)
        assert len(heard) == 22
        assert await first.positions() == list(range(1, 23))
    finally:
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)


async def test_a_relay_that_loses_its_connection_loses_its_right(servers: World):
    heard: list[Message] = []
    first = await servers.numbers("teller")
    second = await servers.numbers("teller", like=first)
    async with hearing(await servers.numbers(), heard), working(first.relay.run()):
        await first.tell(uuid7(), 1)
        await sent(first, 1)
        async with working(second.relay.run()):

            async def stands_by() -> bool:
                return second.flow.lines["publishing"].standing_by

            await until(stands_by)
            cut = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            async with first.database.engine.begin() as connection:
                await connection.execute(
                    text(cut + " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
                )
            for n in range(200):
                await first.tell(uuid7(), n)
            await sent(first, 201)
    assert await first.positions() == list(range(1, 202))
    assert len(heard) == len({message.id for message in heard}) == 201, "two relays were at work"


async def test_a_lost_exchange_stops_the_relay_loudly_until_the_topology_is_applied_again(
    servers: World, rabbitmq: RabbitMQ, common_vhost: Vhost
):
    teller = await servers.numbers("teller")
    async with working(teller.relay.run()):
        await teller.tell(uuid7(), 1)
        await sent(teller, 1)
        rabbitmq.manage("DELETE", f"/exchanges/{common_vhost.name}/{exchange_of(servers.here)}")
        await teller.tell(uuid7(), 2, 3)
        await stalls(teller)
        assert await teller.positions() == [1, None, None]
        await apply(common_vhost.url, servers.topologies, settle=0)
        await sent(teller, 3)


async def test_an_event_that_no_queue_takes_stops_the_relay_loudly(
    servers: World, rabbitmq: RabbitMQ, common_vhost: Vhost, caplog: pytest.LogCaptureFixture
):
    """The void queue hears all; without it and without a binding the broker still confirms, and returns."""
    teller = await servers.numbers("teller")
    for queue in ("void", "hearer"):
        rabbitmq.manage("DELETE", f"/queues/{common_vhost.name}/samspar.{servers.here}.{queue}")
    async with working(teller.relay.run()):
        await teller.tell(uuid7(), 1, 2)
        await stalls(teller, "Unroutable")
        assert await teller.positions() == [None, None]
        caplog.set_level(logging.INFO)
        await asyncio.sleep(1.5)
        assert "goes on" not in caplog.text, "it says that all is well while it is not"
        await apply(common_vhost.url, servers.topologies, settle=0)
        await sent(teller, 2)
    assert await teller.positions() == [1, 2]


async def stalls(teller: Numbers, because: str = "") -> None:
    async def stalled() -> bool:
        fault = teller.flow.faults().get("publishing")
        return fault is not None and because in fault

    await until(stalled)

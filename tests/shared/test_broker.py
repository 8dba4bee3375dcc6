"""What both brokers promise: order, one batch at a time, first in line again after a cut, routing by patterns."""

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import aio_pika
import httpx
import pytest

from shared.broker.embedded import Bus, matcher
from shared.broker.protocol import BrokerAway, Message, Topology, exchange_of
from shared.ids import uuid7
from shared.testing.numbers import Numbers, number, until
from shared.testing.servers import RabbitMQ, Vhost
from shared.testing.world import World


@pytest.mark.parametrize(
    ("pattern", "hears", "not_hears"),
    [
        ("#", ["a", "a.b.c"], []),
        ("*.b.c", ["a.b.c", "x.b.c"], ["b.c", "a.a.b.c", "a.b.cc"]),
        ("a.#", ["a", "a.b", "a.b.c"], ["aa.b", "b.a"]),
        ("#.c", ["c", "a.c", "a.b.c"], ["a.cc"]),
        ("a.#.c", ["a.c", "a.b.c", "a.b.b.c"], ["a.b", "ac"]),
    ],
)
def test_patterns_mean_what_they_mean_to_rabbitmq(pattern: str, hears: list[str], not_hears: list[str]):
    matches = {key for key in (*hears, *not_hears) if matcher(pattern).fullmatch(f".{key}")}
    assert matches == set(hears)


async def test_what_was_handed_out_and_not_acked_is_first_in_line_again_in_its_order(world: World):
    hearer = await world.numbers()
    await world.send(*[number(world.here, uuid7(), n) for n in range(300)])
    seen: list[list[bytes]] = []
    for _ in range(3):
        taken: list[bytes] = []
        async with hearer.broker.consumer(hearer.inbox.queue, most=100) as consumer:
            async for batch in consumer.batches():
                taken += [message.body for message in batch.messages]
                if len(taken) >= 200:
                    break
        seen.append(taken[:200])
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][:2] == [b'{"n": 0}', b'{"n": 1}']


async def test_an_event_goes_to_the_queues_bound_to_its_type_and_no_other(world: World):
    teller, hearer = await world.numbers("teller"), await world.numbers()
    await world.send(number(world.here, uuid7(), 1), number(world.here, uuid7(), 2, type_="se.samspar.other.told.v1"))
    async with (
        hearer.broker.consumer(hearer.inbox.queue) as hears,
        teller.broker.consumer(teller.inbox.queue) as hears_nothing,
    ):
        assert await hears.unread() == 1
        assert await hears_nothing.unread() == 0


async def test_a_queue_or_exchange_that_is_not_there_is_said(world: World):
    hearer = await world.numbers()

    async def consume() -> None:
        async with hearer.broker.consumer("samspar.nobody.nothing") as consumer:
            async for _ in consumer.batches():
                return

    async def publish() -> None:
        async with hearer.broker.publisher() as publisher:
            await publisher.publish(exchange_of("nobody"), [number(world.here, uuid7(), 1)])

    with pytest.raises(BrokerAway):
        await consume()
    with pytest.raises(BrokerAway):
        await publish()


async def test_a_service_cannot_tell_in_another_organisation_s_name_nor_read_another_s_queue(servers: World):
    """Least privilege at the broker itself."""
    world = servers
    teller, other = await world.numbers("teller"), await world.numbers(organisation=world.there)
    own = number(world.here, uuid7(), 1)
    in_their_name = replace(number(world.there, uuid7(), 1), user_id=own.user_id)
    as_their_user = replace(own, user_id=f"{world.there}.hearer")

    async def publish(to: str, message: Message, by: Numbers = teller) -> None:
        async with by.broker.publisher() as publisher:
            await publisher.publish(exchange_of(to), [message])

    await publish(world.there, own)
    for to, forged in ((world.here, in_their_name), (world.there, in_their_name), (world.here, as_their_user)):
        with pytest.raises(BrokerAway):
            await publish(to, forged)
    await publish(world.here, number(world.there, uuid7(), 1, teller="hearer"), by=other)
    with pytest.raises(BrokerAway):
        await publish(world.here, replace(own, user_id=f"{world.there}.hearer"), by=other)

    async def steal() -> None:
        async with teller.broker.consumer(other.inbox.queue) as consumer:
            async for _ in consumer.batches():
                return

    with pytest.raises(BrokerAway):
        await steal()


async def test_after_an_ack_the_broker_keeps_nothing_of_a_batch(world: World):
    """Whoever stands by would get first what is left of it."""
    hearer, last = await world.numbers(), number(world.here, uuid7(), 999)
    await world.send(*[number(world.here, uuid7(), n) for n in range(50)])
    async with AsyncExitStack() as leading:
        consumer = await leading.enter_async_context(hearer.broker.consumer(hearer.inbox.queue, most=50))
        async for batch in consumer.batches():
            await batch.ack()
            if await consumer.unread() == 0:
                break
        async with hearer.broker.consumer(hearer.inbox.queue) as standby:
            await leading.aclose()
            await world.send(last)
            async with asyncio.timeout(20):
                batches = standby.batches()
                while not (batch := await anext(batches)).messages:
                    pass
            assert [message.id for message in batch.messages] == [last.id]


async def test_what_is_before_the_first_refused_message_is_confirmed_and_no_more(servers: World, common_vhost: Vhost):
    """A full queue refuses, the void queue beside it takes all."""
    world = servers
    teller, hearer = await world.numbers("teller"), await world.numbers()
    limit: dict[str, Any] = {"pattern": f"^{re.escape(hearer.inbox.queue)}$", "apply-to": "queues"}
    limit["definition"] = {"max-length": 1, "overflow": "reject-publish"}
    async with httpx.AsyncClient() as client:
        policy = f"{common_vhost.management_url}/api/policies/{common_vhost.name}/full-{world.here}"
        (await client.put(policy, json=limit)).raise_for_status()
    exchange, own = exchange_of(world.here), number(world.here, uuid7(), 1)
    void = [number(world.here, uuid7(), n, type_="se.samspar.other.told.v1") for n in range(3)]

    async def confirmed(*messages: Message) -> int:
        async with teller.broker.publisher() as publisher:
            return await publisher.publish(exchange, messages)

    async def full() -> bool:
        try:
            await confirmed(own)
        except BrokerAway:
            return True
        return False

    await until(full)
    assert await confirmed(void[0], void[1], own, void[2]) == 2


async def test_a_message_on_the_wire_is_persistent_and_says_who_sent_it(servers: World, common_vhost: Vhost):
    sent = number(servers.here, uuid7(), 1)
    await servers.send(sent)
    async with await aio_pika.connect(common_vhost.url) as admin, admin.channel() as channel:
        queue = await channel.declare_queue((await servers.numbers()).inbox.queue, passive=True)
        async with queue.iterator(timeout=20) as delivered:
            raw = await anext(delivered)
            await raw.ack()
    assert raw.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert (raw.message_id, raw.user_id, raw.content_type) == (sent.id, sent.user_id, sent.content_type)


async def test_the_broker_hands_out_no_more_than_a_few_batches(servers: World, common_vhost: Vhost):
    """However much waits: the rest stays where it is safe."""
    hearer = await servers.numbers()
    await servers.send(*[number(servers.here, uuid7(), n) for n in range(300)])
    async with hearer.broker.consumer(hearer.inbox.queue, most=20) as consumer:
        async for batch in consumer.batches():
            if batch.messages:
                assert await consumer.unread() == 300
                break
        async with await aio_pika.connect(common_vhost.url) as admin, admin.channel() as channel:
            left = await channel.declare_queue(hearer.inbox.queue, passive=True)
            assert left.declaration_result.message_count == 300 - 4 * 20


async def test_whoever_stood_by_begins_with_what_was_handed_out_and_not_acked(servers: World):
    """Of two consumers one is active. The first ends with a batch in hand; the second begins with that batch."""
    hearer, first = await servers.numbers(), list[bytes]()
    await servers.send(*[number(servers.here, uuid7(), n) for n in range(500)])
    async with AsyncExitStack() as leading:
        consumer = await leading.enter_async_context(hearer.broker.consumer(hearer.inbox.queue, most=20))
        async for batch in consumer.batches():
            if batch.messages:
                break
        async with hearer.broker.consumer(hearer.inbox.queue, most=20) as standby:
            batches = standby.batches()
            assert not (await anext(batches)).messages
            await leading.aclose()
            async with asyncio.timeout(20):
                while len(first) < 100:
                    batch = await anext(batches)
                    first += [message.body for message in batch.messages]
                    await batch.ack()
    assert first[:100] == [f'{{"n": {n}}}'.encode() for n in range(100)]


async def test_a_line_that_dies_unnoticed_is_known_within_seconds(
    servers: World, rabbitmq: RabbitMQ, common_vhost: Vhost
):
    """The interval that both sides agreed on: a line is given up after three of it without a sign of life."""
    hearer = await servers.numbers()
    agreed: list[Any] = []

    async def known() -> bool:
        found = rabbitmq.manage("GET", f"/vhosts/{common_vhost.name}/connections")
        mine = [line.get("timeout") for line in found if line.get("user") == f"{servers.here}.hearer"]
        agreed[:] = [timeout for timeout in mine if timeout is not None]
        return len(agreed) == 2

    async with hearer.broker.publisher(), hearer.broker.consumer(hearer.inbox.queue):
        await until(known)
    assert max(agreed) <= 6


async def test_the_bus_confirms_what_every_queue_has_stored_and_not_before():
    bus = Bus()
    bus.apply(Topology("here", {"one": ["#"], "other": ["#"]}))
    async with bus.consumer("samspar.here.one") as one, bus.consumer("samspar.here.other") as other:
        publishing = asyncio.ensure_future(bus.publish("samspar.here", [number("here", uuid7(), 1)]))
        for reader in (one, other):
            assert not (await asyncio.wait([publishing], timeout=0.05))[0]
            async for batch in reader.batches():
                if batch.messages:
                    await batch.ack()
                    break
        async with asyncio.timeout(20):
            assert await publishing == 1

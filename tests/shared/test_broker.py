"""What both brokers promise: order, one batch at a time, first in line again after a cut, routing by patterns."""

from dataclasses import replace

import pytest

from shared.broker.embedded import matcher
from shared.broker.protocol import BrokerAway, Message, exchange_of
from shared.ids import uuid7
from shared.testing.numbers import Numbers, number
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
    with pytest.raises(BrokerAway):  # `there` sends to nobody
        await publish(world.here, number(world.there, uuid7(), 1, teller="hearer"), by=other)

    async def steal() -> None:
        async with teller.broker.consumer(other.inbox.queue) as consumer:
            async for _ in consumer.batches():
                return

    with pytest.raises(BrokerAway):
        await steal()

"""What was told is sent, in order, with positions that have no gaps."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from shared import tables
from shared.broker import connect
from shared.broker.embedded import Bus
from shared.broker.protocol import BrokerAway, Message
from shared.ids import uuid7
from shared.outbox import StreamNotLocked
from shared.testing.numbers import Broken, Numbers, NumberTold, Tally, until, working
from shared.testing.world import World


async def all_sent(teller: Numbers, number: int) -> None:
    async def sent() -> bool:
        positions = await teller.positions()
        return len(positions) == number and None not in positions

    await until(sent)


@asynccontextmanager
async def listening(hearer: Numbers, into: list[Message]) -> AsyncGenerator[None]:
    """Reads the queue of a service in its place."""

    async def read() -> None:
        async with hearer.broker.consumer(hearer.inbox.queue) as consumer:
            async for batch in consumer.batches():
                into.extend(batch.messages)
                await batch.ack()

    async with working(read()):
        yield


def numbers_in(messages: Sequence[Message]) -> list[int]:
    """In the order in which each came first: what was not confirmed is sent again."""
    first = {message.id: message for message in reversed(messages)}
    in_order = sorted(first.values(), key=messages.index)
    return [int(message.body.split(b":")[1].strip(b" }")) for message in in_order]


async def test_each_event_gets_the_next_position_once_it_is_confirmed(world: World):
    teller, hearer = await world.numbers("teller"), await world.numbers()
    heard: list[Message] = []
    async with working(teller.relay.run()), listening(hearer, heard):
        for n in range(1, 6):
            await teller.tell(uuid7(), *[n] * n)
        await all_sent(teller, 15)

        async def all_heard() -> bool:
            return len(numbers_in(heard)) == 15

        await until(all_heard)
    assert await teller.positions() == list(range(1, 16))
    assert numbers_in(heard) == [n for n in range(1, 6) for _ in range(n)]


async def test_a_row_whose_transaction_commits_late_is_sent_after_its_betters(postgres_world: World):
    """Its number is lower, its commit later: a cursor over numbers would skip it for ever."""
    teller, heard = await postgres_world.numbers("teller"), list[Message]()
    slow = NumberTold(case_id=uuid7(), home=postgres_world.here, time=teller.database.clock.now(), n=1)
    row = {"id": uuid7(), "stream": slow.case_id, "sequence": 1, "type": slow.type, "time": slow.time}
    row |= {"recorded": slow.time, "home": slow.home, "audience": slow.audience(slow.home), "body": slow.body()}
    async with working(teller.relay.run()), listening(await postgres_world.numbers(), heard):
        async with teller.database.engine.begin() as late:
            await late.execute(tables.event.insert().values(row | {"case_id": slow.case_id}))
            await teller.tell(uuid7(), 2)
            await all_sent(teller, 1)
        await teller.tell(uuid7(), 3)
        await all_sent(teller, 3)
    assert await teller.positions() == [2, 1, 3]
    assert numbers_in(heard) == [2, 1, 3]


async def test_what_two_transactions_tell_of_one_case_is_sent_in_the_order_of_their_commits(postgres_world: World):
    teller, heard, case = await postgres_world.numbers("teller"), list[Message](), uuid7()
    async with working(teller.relay.run()), listening(await postgres_world.numbers(), heard):
        await asyncio.gather(*[teller.tell(case, n, 100 + n) for n in range(15)])
        await all_sent(teller, 30)
    sequences = [int(message.headers["ce-sequence"]) for message in heard]
    assert sequences == list(range(1, 31))
    pairs = numbers_in(heard)
    assert [second - first for first, second in zip(pairs[::2], pairs[1::2], strict=True)] == [100] * 15


async def test_state_and_event_commit_together_or_not_at_all(world_of_databases: World):
    teller, case = await world_of_databases.numbers("teller"), uuid7()

    async def breaks_after_telling() -> None:
        async with teller.database.transaction() as uow:
            await uow.lock(case)
            uow.add(Tally(id=case, case_id=case, home="here", changed_at=uow.now, seen="1 "))
            uow.emit(NumberTold(case_id=case, home="here", time=uow.now, n=1))
            await uow.session.flush()
            raise Broken

    with pytest.raises(Broken):
        await breaks_after_telling()
    assert await teller.seen(case) == []
    assert await teller.rows(tables.event) == []
    await teller.tell(case, 2)
    (row,) = await teller.rows(tables.event)
    assert row.sequence == 1


async def test_nobody_tells_or_adds_anything_of_a_case_it_has_not_locked(world_of_databases: World):
    teller, case = await world_of_databases.numbers("teller"), uuid7()
    with pytest.raises(StreamNotLocked):
        async with teller.database.transaction() as uow:
            uow.emit(NumberTold(case_id=case, home="here", time=uow.now, n=1))
    with pytest.raises(StreamNotLocked):
        async with teller.database.transaction() as uow:
            uow.add(Tally(id=case, case_id=case, home="here", changed_at=uow.now))
    assert await teller.rows(tables.event) == []


async def test_while_the_broker_is_away_nothing_is_marked_and_all_is_sent_afterwards(world: World):
    teller, heard = await world.numbers("teller"), list[Message]()
    broker, teller.relay.broker = teller.broker, connect("amqp://nobody@127.0.0.1:9")
    async with working(teller.relay.run()):
        await teller.tell(uuid7(), 1, 2, 3)

        async def stalled() -> bool:
            return teller.flow.faults().get("publishing") == "BrokerAway"

        await until(stalled)
        assert await teller.positions() == [None, None, None]
        teller.relay.broker = broker
        async with listening(await world.numbers(), heard):
            await all_sent(teller, 3)
    assert numbers_in(heard) == [1, 2, 3]
    assert await teller.positions() == [1, 2, 3]
    assert "publishing" not in teller.flow.faults()


class Cut(Bus):
    """A bus whose line can be cut."""

    cut = False

    def check(self) -> None:
        if self.cut:
            raise BrokerAway("cut")


async def test_a_relay_with_nothing_to_send_notices_that_its_line_is_cut(world_of_databases: World):
    teller, broker = await world_of_databases.numbers("teller"), Cut()
    for topology in world_of_databases.topologies:
        broker.apply(topology)
    teller.relay.broker = broker
    async with working(teller.relay.run()):
        broker.cut = True

        async def stalled() -> bool:
            return "publishing" in teller.flow.faults()

        await until(stalled)
        broker.cut = False

        async def goes_on() -> bool:
            return "publishing" not in teller.flow.faults()

        await until(goes_on)


class Partly(Bus):
    """A bus that takes and confirms only the first two of what is published, and loses the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.opened, self.used = 0, list[int]()

    @asynccontextmanager
    async def publisher(self) -> AsyncGenerator[Bus]:
        self.opened += 1
        yield self

    async def publish(self, exchange: str, messages: Sequence[Message]) -> int:
        self.used.append(self.opened)
        return await super().publish(exchange, messages[:2])


async def test_what_was_not_confirmed_is_sent_again_on_a_new_line_and_has_no_position_until_then(
    world_of_databases: World,
):
    world, heard, broker = world_of_databases, list[Message](), Partly()
    teller, hearer = await world.numbers("teller"), await world.numbers()
    for topology in world.topologies:
        broker.apply(topology)
    teller.relay.broker = hearer.broker = broker
    await teller.tell(uuid7(), 1, 2, 3, 4, 5)
    async with working(teller.relay.run()), listening(hearer, heard):
        await all_sent(teller, 5)
        assert [int(message.headers["ce-sequence"]) for message in heard] == [1, 2, 3, 4, 5]
    assert await teller.positions() == [1, 2, 3, 4, 5]
    assert [message.id for message in heard] == [str(row.id) for row in await teller.rows(tables.event)]
    assert broker.used[:3] == [1, 2, 3], "after a gap nothing more goes out on the same line"

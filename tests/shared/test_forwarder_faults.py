"""The forwarder when something breaks: a cut line, a refused event, a recipient that is not there."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from shared import tables
from shared.broker.embedded import Bus
from shared.broker.protocol import BrokerAway, Message
from shared.forwarder import Forwarder
from shared.ids import uuid7
from shared.testing.numbers import Numbers, until, working
from shared.testing.world import World


async def settled(hearer: Numbers, case: UUID, expected: list[int]) -> None:
    async def as_expected() -> bool:
        return await hearer.seen(case) == expected

    await until(as_expected)


async def advanced(teller: Numbers) -> None:
    """Waits until the forwarder has noted how far it came: the recipient has it a moment before."""

    async def noted() -> bool:
        return bool(await teller.rows(tables.cursor))

    await until(noted)


class Cut(Bus):
    """A bus whose line can be cut."""

    cut = False

    def check(self) -> None:
        if self.cut:
            raise BrokerAway("cut")


async def test_a_forwarder_with_nothing_to_send_notices_that_its_line_is_cut(world_of_databases: World):
    teller, broker = await world_of_databases.numbers("teller"), Cut()
    for topology in world_of_databases.topologies:
        broker.apply(topology)
    (forwarder,) = teller.forwarding.forwarders
    forwarder.broker, broker.cut = broker, True

    async def stalled() -> bool:
        return forwarder.direction in teller.flow.faults()

    async with working(forwarder.run()):
        await until(stalled)


class Partly(Bus):
    """A bus that takes and confirms only the first two of what is published, and loses the rest."""

    async def publish(self, exchange: str, messages: Sequence[Message]) -> int:
        return await super().publish(exchange, messages[:2])


async def test_what_a_recipient_refused_is_sent_to_it_again(world_of_databases: World):
    world, cases, broker = world_of_databases, [uuid7() for _ in range(5)], Partly()
    teller, elsewhere = await world.numbers("teller"), await world.numbers(organisation=world.there)
    hearer, (forwarder,) = await world.numbers(), teller.forwarding.forwarders
    for topology in world.topologies:
        broker.apply(topology)
    forwarder.broker = elsewhere.broker = broker
    for n, case in enumerate(cases):
        await teller.tell(case, n, to=frozenset({world.there}))
    parts = (teller.relay.run(), hearer.inbox.run(hearer.broker), elsewhere.inbox.run(elsewhere.broker))
    async with working(*parts):

        async def all_sent() -> bool:
            return None not in await teller.positions()

        await until(all_sent)
        async with working(forwarder.run()):
            for n, case in enumerate(cases):
                await settled(elsewhere, case, [n])


class Silent(Bus):
    """A recipient that neither takes nor refuses anything."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def publish(self, exchange: str, messages: Sequence[Message]) -> int:  # noqa: ARG002 -- its signature
        self.asked.set()
        return await asyncio.Future()


async def test_each_recipient_has_a_turn_and_a_cursor_of_its_own(postgres_world: World):
    """Beside one that takes nothing; and one that comes later begins at the beginning."""
    world, case, silent = postgres_world, uuid7(), Silent()
    teller, elsewhere = await world.numbers("teller"), await world.numbers(organisation=world.there)
    hearer, (forwarder,) = await world.numbers(), teller.forwarding.forwarders
    for name in ("nowhere", world.here):
        teller.flow.add(f"forwarding to {name}")
    nowhere = Forwarder("nowhere", teller.database, silent, teller.flow)
    later = Forwarder(world.here, teller.database, teller.broker, teller.flow)
    parts = (teller.relay.run(), hearer.inbox.run(hearer.broker), elsewhere.inbox.run(elsewhere.broker))
    async with working(*parts):
        await teller.tell(case, 1, to=frozenset({world.there, "nowhere"}))
        async with working(nowhere.run()):
            async with asyncio.timeout(20):
                await silent.asked.wait()
            async with working(forwarder.run()):
                await settled(elsewhere, case, [1])
                await advanced(teller)
        async with working(later.run()):

            async def caught_up() -> bool:
                return {row.recipient for row in await teller.rows(tables.cursor)} == {world.here, world.there}

            await until(caught_up)

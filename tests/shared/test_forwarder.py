"""What reaches another organisation: what its audience allows, all of that, once, and without delaying anybody."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete

from shared import tables
from shared.broker.protocol import Message
from shared.forwarder import WINDOW, may_hear, waves
from shared.ids import uuid7
from shared.testing.numbers import Numbers, NumberTold, until, working
from shared.testing.servers import RabbitMQ, Vhost
from shared.testing.world import World
from shared.topology import apply


async def settled(hearer: Numbers, case: object, expected: list[int]) -> None:
    async def as_expected() -> bool:
        return await hearer.seen(case) == expected  # pyright: ignore[reportArgumentType] -- an id

    await until(as_expected)


async def test_only_what_the_audience_allows_reaches_the_other_organisation(world: World):
    teller, elsewhere = await world.numbers("teller"), await world.numbers(organisation=world.there)
    shared_case, own_case = uuid7(), uuid7()
    (forwarder,) = teller.forwarding.forwarders
    hearer = await world.numbers()
    parts = (teller.relay.run(), forwarder.run(), hearer.inbox.run(hearer.broker))
    async with working(*parts, elsewhere.inbox.run(elsewhere.broker)):
        for n in range(5):
            await teller.tell(own_case, n)
            await teller.tell(shared_case, n, to=frozenset({world.there}))
        await settled(elsewhere, shared_case, list(range(5)))
        await settled(hearer, own_case, list(range(5)))
    assert await elsewhere.seen(own_case) == []
    assert len(await elsewhere.rows(tables.inbox)) == 5


async def test_an_audience_is_matched_by_whole_names_only(world_of_databases: World):
    teller = await world_of_databases.numbers("teller")
    await teller.tell(uuid7(), 1, to=frozenset({"af", "skara"}))
    found = {
        name: len(await teller.rows(tables.event, may_hear(name))) for name in ("af", "a", "skara", "kara", "%", "a_")
    }
    assert found == {"af": 1, "a": 0, "skara": 1, "kara": 0, "%": 0, "a_": 0}


async def advanced(teller: Numbers) -> None:
    """Waits until the forwarder has noted how far it came: the recipient has it a moment before."""

    async def noted() -> bool:
        return bool(await teller.rows(tables.cursor))

    await until(noted)


async def test_the_cursor_survives_a_restart(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    teller, elsewhere = await world.numbers("teller"), await world.numbers(organisation=world.there)
    to = frozenset({world.there})
    async with working(elsewhere.inbox.run(elsewhere.broker)):
        hearer = await world.numbers()
        async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
            async with working(teller.forwarding.forwarders[0].run()):
                await teller.tell(case, 1, 2, to=to)
                await settled(elsewhere, case, [1, 2])
            await teller.tell(case, 3, to=to)
            restarted = await world.numbers("teller", like=teller)
            async with working(restarted.forwarding.forwarders[0].run()):
                await settled(elsewhere, case, [1, 2, 3])
                await advanced(teller)
    (cursor,) = await teller.rows(tables.cursor)
    assert cursor.recipient == world.there
    assert elsewhere.handled == 3


async def test_a_recipient_who_comes_after_old_events_were_erased_is_not_stuck_before_them(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    teller, elsewhere = await world.numbers("teller"), await world.numbers(organisation=world.there)
    hearer = await world.numbers()
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker), elsewhere.inbox.run(elsewhere.broker)):
        await teller.tell(uuid7(), *range(300))
        await teller.tell(case, 7, to=frozenset({world.there}))

        async def all_positioned() -> bool:
            positions = await teller.positions()
            return len(positions) == 301 and None not in positions

        await until(all_positioned)
        async with teller.database.writing() as connection:
            await connection.execute(delete(tables.event).where(tables.event.c.position <= 250))
        async with working(teller.forwarding.forwarders[0].run()):
            await settled(elsewhere, case, [7])


async def test_a_recipient_that_is_away_delays_nobody_and_misses_nothing(
    servers: World, rabbitmq: RabbitMQ, common_vhost: Vhost
):
    world, case = servers, uuid7()
    teller, elsewhere = await world.numbers("teller"), await world.numbers(organisation=world.there)
    hearer, (forwarder,) = await world.numbers(), teller.forwarding.forwarders
    rabbitmq.manage("DELETE", f"/exchanges/{common_vhost.name}/samspar.{world.there}")
    async with working(teller.relay.run(), forwarder.run(), hearer.inbox.run(hearer.broker)):
        await teller.tell(case, 1, 2, to=frozenset({world.there}))
        await settled(hearer, case, [1, 2])

        async def stalled() -> bool:
            return forwarder.direction in teller.flow.faults()

        await until(stalled)
        assert "publishing" not in teller.flow.faults()
        await teller.tell(case, 3, to=frozenset({world.there}))
        await settled(hearer, case, [1, 2, 3])
        await apply(common_vhost.url, world.topologies, settle=0)
        async with working(elsewhere.inbox.run(elsewhere.broker)):
            await settled(elsewhere, case, [1, 2, 3])


async def test_of_two_replicas_one_forwards(servers: World):
    world, case = servers, uuid7()
    teller, elsewhere = await world.numbers("teller"), await world.numbers(organisation=world.there)
    replica = await world.numbers("teller", like=teller)
    (first,), (second,) = teller.forwarding.forwarders, replica.forwarding.forwarders
    async with working(teller.relay.run(), elsewhere.inbox.run(elsewhere.broker), second.run(), first.run()):

        async def one_stands_by() -> bool:
            return [s.flow.lines[first.direction].standing_by for s in (teller, replica)].count(True) == 1

        await until(one_stands_by)
        await teller.tell(case, *range(50), to=frozenset({world.there}))
        await settled(elsewhere, case, list(range(50)))


@dataclass(frozen=True)
class Told:
    """A row, as far as waves look at it."""

    stream: UUID
    position: int


def test_of_one_stream_one_event_is_on_its_way():
    one, other = uuid7(), uuid7()
    rows: list[Any] = [Told(stream, n) for n, stream in enumerate([one, other, one, one, other])]
    assert [[row.position for row in wave] for wave in waves(rows)] == [[0, 1], [2], [3, 4]]
    assert list(waves([])) == []


async def test_a_recipient_whose_queue_is_full_hears_in_order(servers: World, common_vhost: Vhost):
    """A full queue refuses one event and takes the next: what was told later must not come first."""
    world, cases = servers, [uuid7() for _ in range(3)]
    teller, elsewhere = await world.numbers("teller"), await world.numbers(organisation=world.there)
    limit: dict[str, Any] = {"pattern": f"^{re.escape(elsewhere.inbox.queue)}$", "apply-to": "queues"}
    limit["definition"] = {"max-length": 1, "overflow": "reject-publish"}
    async with httpx.AsyncClient() as client:
        policy = f"{common_vhost.management_url}/api/policies/{common_vhost.name}/full-{world.there}"
        (await client.put(policy, json=limit)).raise_for_status()
    hearer = await world.numbers()
    (forwarder,) = teller.forwarding.forwarders
    parts = (teller.relay.run(), forwarder.run(), hearer.inbox.run(hearer.broker))
    async with working(*parts, elsewhere.inbox.run(elsewhere.broker)):
        for n in range(20):
            for case in cases:
                await teller.tell(case, n, to=frozenset({world.there}))
        for case in cases:
            await until_all(elsewhere, case, 20)
    assert [await elsewhere.seen(case) for case in cases] == [list(range(20))] * 3


async def until_all(hearer: Numbers, case: UUID, count: int) -> None:
    async def all_came() -> bool:
        return len(await hearer.seen(case)) == count

    await until(all_came, seconds=60)


async def test_what_was_committed_late_reaches_the_other_organisation_too(postgres_world: World):
    """Its number is lower than that of an event which was sent before it."""
    world, cases = postgres_world, [uuid7(), uuid7()]
    teller, elsewhere = await world.numbers("teller"), await world.numbers(organisation=world.there)
    hearer, (forwarder,) = await world.numbers(), teller.forwarding.forwarders
    late = NumberTold(case_id=cases[0], home=world.here, time=teller.database.clock.now(), n=1)
    row = {"id": uuid7(), "stream": late.case_id, "sequence": 1, "type": late.type, "time": late.time}
    row |= {"recorded": late.time, "case_id": late.case_id, "home": late.home, "body": late.body()}
    parts = (teller.relay.run(), forwarder.run(), hearer.inbox.run(hearer.broker))
    async with working(*parts, elsewhere.inbox.run(elsewhere.broker)):
        async with teller.database.engine.begin() as slow:
            await slow.execute(tables.event.insert().values(row | {"audience": frozenset({world.there})}))
            await teller.tell(cases[1], 2, to=frozenset({world.there}))
            await settled(elsewhere, cases[1], [2])
            await advanced(teller)
        await settled(elsewhere, cases[0], [1])


async def test_a_recipient_hears_nothing_of_who_else_may_hear(world_of_databases: World):
    world = world_of_databases
    teller, elsewhere = await world.numbers("teller"), await world.numbers(organisation=world.there)
    hearer, (forwarder,), heard = await world.numbers(), teller.forwarding.forwarders, list[Message]()

    async def read() -> None:
        async with elsewhere.broker.consumer(elsewhere.inbox.queue) as consumer:
            async for batch in consumer.batches():
                heard.extend(batch.messages)
                await batch.ack()

    async with working(teller.relay.run(), forwarder.run(), hearer.inbox.run(hearer.broker), read()):
        await teller.tell(uuid7(), 1, to=frozenset({world.there, "secret"}))

        async def came() -> bool:
            return len(heard) == 1

        await until(came)
    assert "secret" not in str(heard[0])


@pytest.mark.timeout(40)
async def test_what_is_for_others_alone_does_not_hold_back_a_recipient(world_of_databases: World):
    """More of it than is looked at in one go."""
    world, case = world_of_databases, uuid7()
    teller, elsewhere = await world.numbers("teller"), await world.numbers(organisation=world.there)
    hearer, (forwarder,) = await world.numbers(), teller.forwarding.forwarders
    await teller.tell(uuid7(), *range(WINDOW + 50))
    await teller.tell(case, 7, to=frozenset({world.there}))
    parts = (teller.relay.run(), hearer.inbox.run(hearer.broker), elsewhere.inbox.run(elsewhere.broker))
    async with working(*parts, forwarder.run()):
        await settled(elsewhere, case, [7])

"""The whole path while servers are killed under it: all that was told arrives, each event once, in order."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from shared.db import CommitUnknown
from shared.ids import uuid7
from shared.tables import event
from shared.testing.numbers import Numbers, until, working
from shared.testing.servers import Postgres, RabbitMQ
from shared.testing.world import World

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

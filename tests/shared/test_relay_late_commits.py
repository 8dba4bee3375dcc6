"""A transaction that takes its number first and commits last: no cursor passes it by, whichever way it ends."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import tables
from shared.feed import told
from shared.ids import uuid7
from shared.testing.numbers import Numbers, until, working
from shared.testing.world import World

GATES = """
CREATE TABLE gate (stream uuid PRIMARY KEY, key bigint NOT NULL, ends text NOT NULL);
CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE mine gate;
BEGIN
  SELECT * INTO mine FROM gate WHERE stream = NEW.stream;
  IF FOUND THEN
    PERFORM pg_advisory_xact_lock_shared(mine.key);
    IF mine.ends = 'rollback' THEN RAISE EXCEPTION 'not committed'; END IF;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON event DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
"""
WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = :key"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
ENDS = pytest.mark.parametrize("ends", ["commit", "rollback"])


@dataclass
class Held:
    """A transaction of the service that has its rows written, and stands in its COMMIT until it is let go."""

    holder: AsyncConnection
    work: "asyncio.Task[None]"

    async def let_go(self) -> None:
        await self.holder.rollback()
        await asyncio.wait([self.work])


@asynccontextmanager
async def gates(teller: Numbers) -> AsyncGenerator[None]:
    """Where a commit can be held: the database asks at the very last moment, when all is written."""
    async with teller.database.engine.begin() as connection:
        driver = await connection.get_raw_connection()
        assert driver.driver_connection is not None
        await driver.driver_connection.execute(GATES)
    yield


@asynccontextmanager
async def held(
    teller: Numbers, stream: UUID, *numbers: int, key: int = 1, ends: str = "commit", to: frozenset[str] = frozenset()
) -> AsyncGenerator[Held]:
    """It tells numbers, and stands at the gate when the block begins. If it is not let go, its connection ends."""
    async with teller.database.engine.begin() as connection:
        row = {"stream": stream, "key": key, "ends": ends}
        await connection.execute(text("INSERT INTO gate VALUES (:stream, :key, :ends)"), row)
    async with teller.database.engine.connect() as holder:
        await holder.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
        work = asyncio.ensure_future(teller.tell(stream, *numbers, to=to))

        async def stands() -> bool:
            async with teller.database.reading() as connection:
                return bool(await connection.scalar(WAITING, {"key": key}))

        await until(stands)
        try:
            yield Held(holder, work)
        finally:
            await holder.rollback()
            await asyncio.gather(work, return_exceptions=True)


def ended(work: "asyncio.Task[None]", ends: str) -> None:
    """The transaction ended as it was meant to."""
    assert isinstance(work.exception(), DBAPIError if ends == "rollback" else type(None))


async def sent(teller: Numbers, count: int) -> None:
    async def all_sent() -> bool:
        positions = await teller.positions()
        return len(positions) == count and None not in positions

    await until(all_sent)


async def heard(hearer: Numbers, case: UUID, *numbers: int) -> None:
    async def has_heard() -> bool:
        return await hearer.seen(case) == [*numbers]

    await until(has_heard)


@ENDS
async def test_the_relay_passes_nobody_by(postgres_world: World, ends: str):
    world, late, other = postgres_world, uuid7(), uuid7()
    teller, hearer = await world.numbers("teller"), await world.numbers()
    kept = [1, 2] if ends == "commit" else []
    async with gates(teller), working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        async with held(teller, late, 1, 2, ends=ends) as first:
            await teller.tell(other, 3)
            await heard(hearer, other, 3)
            await sent(teller, 1)
            assert await hearer.seen(late) == []
            await first.let_go()
            ended(first.work, ends)
        await teller.tell(other, 4)
        await heard(hearer, other, 3, 4)
        await heard(hearer, late, *kept)
        await sent(teller, len(kept) + 2)
    rows = await teller.rows(tables.event)
    numbers = [row.seq for row in rows]
    assert numbers == sorted(numbers)
    assert rows[0].stream == (late if kept else other), "what was held had the lower number"
    assert sorted(row.position for row in rows) == [*range(1, len(rows) + 1)]
    assert next(row.position for row in rows if row.stream == other) == 1


@ENDS
async def test_what_is_told_of_the_same_stream_meanwhile_comes_after_it(postgres_world: World, ends: str):
    world, case, other = postgres_world, uuid7(), uuid7()
    teller, hearer = await world.numbers("teller"), await world.numbers()
    kept = [1, 2] if ends == "commit" else []
    async with gates(teller), working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        async with held(teller, case, 1, 2, ends=ends) as first:
            second = asyncio.ensure_future(teller.tell(case, 3))
            await teller.tell(other, 9)
            await heard(hearer, other, 9)
            assert not second.done(), "two transactions hold one stream"
            async with teller.database.engine.begin() as connection:
                await connection.execute(text("DELETE FROM gate"))
            await first.let_go()
            ended(first.work, ends)
            await second
        await heard(hearer, case, *kept, 3)
    told_of = [row.sequence for row in await teller.rows(tables.event) if row.stream == case]
    assert told_of == [*range(1, len(kept) + 2)], "a number of the stream is missing"


async def test_many_that_commit_in_another_order_than_they_were_numbered_all_arrive(postgres_world: World):
    world, cases = postgres_world, [uuid7() for _ in range(6)]
    teller, hearer = await world.numbers("teller"), await world.numbers()
    async with gates(teller), working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        async with (
            held(teller, cases[0], 0, key=1) as a,
            held(teller, cases[1], 1, key=2, ends="rollback") as b,
            held(teller, cases[2], 2, key=3) as c,
        ):
            await teller.tell(cases[3], 3)
            await heard(hearer, cases[3], 3)
            for n, (each, ends) in enumerate(((c, "commit"), (b, "rollback"), (a, "commit"))):
                await each.let_go()
                ended(each.work, ends)
                await sent(teller, (2, 2, 3)[n])
        for n in (0, 2, 3):
            await heard(hearer, cases[n], n)
    assert await hearer.seen(cases[1]) == []
    assert await teller.positions() == [3, 2, 1]


@ENDS
async def test_the_forwarder_s_cursor_passes_nobody_by(postgres_world: World, ends: str):
    world, late, other = postgres_world, uuid7(), uuid7()
    to = frozenset({world.there})
    teller, elsewhere = await world.numbers("teller"), await world.numbers(organisation=world.there)
    hearer, (forwarder,) = await world.numbers(), teller.forwarding.forwarders
    parts = (teller.relay.run(), forwarder.run(), hearer.inbox.run(hearer.broker))
    async with gates(teller), working(*parts, elsewhere.inbox.run(elsewhere.broker)):
        async with held(teller, late, 1, 2, ends=ends, to=to) as first:
            await teller.tell(other, 3, to=to)
            await heard(elsewhere, other, 3)
            await reached(teller, 1)
            await first.let_go()
            ended(first.work, ends)
        await teller.tell(other, 4, to=to)
        await heard(elsewhere, other, 3, 4)
        await heard(elsewhere, late, *([1, 2] if ends == "commit" else []))


async def reached(teller: Numbers, position: int) -> None:
    async def there() -> bool:
        return [row.position for row in await teller.rows(tables.cursor)] == [position]

    await until(there)


@ENDS
async def test_the_feed_s_cursor_passes_nobody_by(postgres_world: World, ends: str):
    """Its reader asks between the two commits, and goes on from where the answer ended."""
    world, late, other = postgres_world, uuid7(), uuid7()
    teller, hearer = await world.numbers("teller"), await world.numbers()
    async with gates(teller), working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        async with held(teller, late, 1, 2, ends=ends) as first:
            await teller.tell(other, 3)
            await sent(teller, 1)
            ids, upto = await page(teller, 0)
            assert (len(ids), upto) == (1, 1)
            assert await page(teller, upto) == ([], 1)
            await first.let_go()
            ended(first.work, ends)
        await teller.tell(other, 4)
        await sent(teller, 4 if ends == "commit" else 2)
        ids += (await page(teller, upto))[0]
    rows = await teller.rows(tables.event)
    assert len(ids) == len(rows)
    assert set(ids) == {row.id for row in rows}


async def page(teller: Numbers, after: int) -> tuple[list[UUID], int]:
    async with teller.database.reading() as connection:
        found = await told(connection, teller.database.whoami.organisation, forwarded=False, after=after)
    return [item.id for item in found.items], found.upto

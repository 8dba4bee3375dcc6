"""Of what there is one a database, one has it; and whoever has lost it knows."""

import asyncio

import pytest
from sqlalchemy import bindparam, text, update

from shared import db
from shared.engines import open_engine
from shared.ids import uuid7
from shared.inbox import consume
from shared.migrate import migrate
from shared.rights import Right, RightLost, Task, forwarding_to
from shared.tables import cursor, event
from shared.testing.numbers import Numbers, number, opened, until, working
from shared.testing.world import World
from shared.uow import UnitOfWork


def nobody() -> None:
    """Waits."""


async def cut(service: Numbers, right: Right) -> None:
    """Its connection, as a server does that is started anew."""
    pid = await right.connection.scalar(text("SELECT pg_backend_pid()"))
    await right.connection.rollback()
    async with service.database.writing() as other:
        await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


async def test_one_has_it_and_then_the_next(postgres_world: World):
    service = await postgres_world.numbers()
    replica = await postgres_world.numbers(like=service)
    waited, got = asyncio.Event(), asyncio.Event()

    async def next_one() -> None:
        async with replica.database.alone(Task.CONSUME, waiting=waited.set):
            got.set()
            await asyncio.Event().wait()

    async with service.database.alone(Task.CONSUME, waiting=nobody) as right, working(next_one()):
        await waited.wait()
        await right.prove()
        assert not got.is_set()
    async with working(next_one()):
        async with asyncio.timeout(20):
            await got.wait()


async def test_whoever_lost_the_connection_has_lost_the_right(postgres_world: World):
    service = await postgres_world.numbers()
    async with service.database.alone(Task.RELAY, waiting=nobody) as right:
        await cut(service, right)
        with pytest.raises(RightLost):
            await right.prove()


async def test_a_connection_opened_anew_behind_our_back_holds_nothing(postgres_world: World):
    service = await postgres_world.numbers()
    async with service.database.alone(Task.RELAY, waiting=nobody) as right:
        await right.connection.invalidate()
        with pytest.raises(RightLost):
            await right.keep(text("SELECT :one"), [{"one": 1}])
        with pytest.raises(RightLost):
            await right.prove()


async def test_whoever_lost_the_right_marks_nothing_any_more(postgres_world: World):
    teller = await postgres_world.numbers("teller")
    await teller.tell(uuid7(), 1)
    async with teller.database.alone(Task.RELAY, waiting=nobody) as right:
        await cut(teller, right)
        with pytest.raises(RightLost):
            await teller.database.keep(right, update(event).values(position=bindparam("p")), [{"p": 1}])
    assert await teller.positions() == [None]


async def test_a_frozen_process_keeps_no_right(postgres_world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(db, "LET_GO", 3)
    frozen = await postgres_world.numbers()
    replica = await postgres_world.numbers(like=frozen)
    async with frozen.database.alone(Task.CONSUME, waiting=nobody) as right:
        async with asyncio.timeout(30), replica.database.alone(Task.CONSUME, waiting=nobody) as taken_over:
            await taken_over.prove()
        with pytest.raises(RightLost):
            await right.prove()


async def test_a_migration_beside_a_running_service_ends(postgres_world: World):
    """As when the containers are started again, or one service is upgraded while its replica runs."""
    url = await postgres_world.new_database()
    database, engine = opened(url, "here", "booking"), open_engine(url)
    async with engine.begin() as connection:
        for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            await connection.execute(text(statement))
    consumes, sends = (database.alone(task, waiting=nobody) for task in (Task.CONSUME, Task.RELAY))
    async with consumes, sends, database.alone(forwarding_to("af"), waiting=nobody), asyncio.timeout(60):
        await migrate(engine, "booking")
    await engine.dispose()
    await database.close()


async def test_a_forwarder_that_wakes_up_late_does_not_go_back(world_of_databases: World):
    teller = await world_of_databases.numbers("teller")
    (forwarder,) = teller.forwarding.forwarders
    async with teller.database.alone(forwarder.lock, waiting=nobody) as right:
        for position in (5, 9, 7):
            await forwarder._advance(right, position)  # pyright: ignore[reportPrivateUsage] -- as one that took over does
    (row,) = await teller.rows(cursor)
    assert (row.recipient, row.position) == (world_of_databases.there, 9)


async def test_a_consumer_that_lost_its_right_takes_it_again(postgres_world: World):
    service, case = await postgres_world.numbers(), uuid7()
    held = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND database = "
    held += "(SELECT oid FROM pg_database WHERE datname = current_database())"
    async with working(service.inbox.run(service.broker)):

        async def cut_once() -> bool:
            async with service.database.writing() as other:
                return bool((await other.execute(text(held), {"key": int(Task.CONSUME)})).all())

        async def heard() -> bool:
            return await service.seen(case) == [1, 2]

        await until(cut_once)
        await postgres_world.send(number(postgres_world.here, case, 1), number(postgres_world.here, case, 2))
        await until(heard)


async def test_a_consumer_that_lost_its_right_stops_beside_its_successor(postgres_world: World):
    first = await postgres_world.numbers()
    second = await postgres_world.numbers(like=first)
    held = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND database = "
    held += "(SELECT oid FROM pg_database WHERE datname = current_database())"

    async def stands_by(service: Numbers) -> bool:
        return service.flow.lines["consuming"].standing_by

    async with working(first.inbox.run(first.broker)):

        async def consumes() -> bool:
            return await first.inbox.unread() == 0 if first.inbox._progress else False  # pyright: ignore[reportPrivateUsage] -- before it, nothing is known

        await until(consumes)
        async with working(second.inbox.run(second.broker)):
            await until(lambda: stands_by(second))
            async with first.database.writing() as other:
                assert (await other.execute(text(held), {"key": int(Task.CONSUME)})).all()
            await until(lambda: stands_by(first))
            assert not await stands_by(second)


async def test_who_takes_long_over_a_batch_keeps_the_right(postgres_world: World, monkeypatch: pytest.MonkeyPatch):
    """The server ends a connection that is silent; the one that holds the right speaks beside the batch."""
    monkeypatch.setattr(db, "LET_GO", 1)
    monkeypatch.setattr(consume, "PROOF", 0.2)
    hearer, case = await postgres_world.numbers(), uuid7()
    standby = await postgres_world.numbers(like=hearer)
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def takes_long(_: UnitOfWork) -> None:
        began.set()
        await goes_on.wait()

    hearer.breaks[1] = takes_long
    async with working(hearer.inbox.run(hearer.broker)):
        await postgres_world.send(number(postgres_world.here, case, 1))
        await began.wait()
        async with working(standby.inbox.run(standby.broker)):
            await asyncio.sleep(3)  # longer than the server lets anybody be silent
            assert standby.flow.lines["consuming"].standing_by
            goes_on.set()

            async def heard() -> bool:
                return await hearer.seen(case) == [1]

            await until(heard)
    assert not hearer.flow.faults()

"""Transactions: what is left behind by those that were cancelled, and who waits for whom."""

import asyncio
import gc
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import event as on_event
from sqlalchemy import select, text

from shared import tables
from shared.broker.connect import bus
from shared.db import CommitUnknown, again_on_deadlock
from shared.ids import uuid7
from shared.testing.numbers import Numbers, NumberTold
from shared.testing.world import World, two_parties


async def cancelled_somewhere(service: Numbers, n: int) -> None:
    """A transaction of four statements, cancelled after up to 10 ms, wherever it is then."""

    async def work() -> None:
        async with service.database.transaction() as uow:
            await uow.lock(uuid7())
            for _ in range(3):
                await uow.session.execute(select(tables.stream.c.id).limit(1))

    task = asyncio.create_task(work())
    await asyncio.sleep((n % 11) / 1000)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_thousand_cancelled_transactions_leave_no_connection_behind(world_of_databases: World):
    service, streams = await world_of_databases.numbers(), asyncio.Semaphore(10)

    async def one(n: int) -> None:
        async with streams:
            await cancelled_somewhere(service, n)

    gc.disable()  # what is not let go of stays: the collector must not be needed
    try:
        for n in range(50):
            await cancelled_somewhere(service, n)
        await asyncio.gather(*[one(n) for n in range(1000)])
    finally:
        gc.enable()
    pool = service.database.engine.pool
    assert pool.checkedout() == 0  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] -- of the queued pool
    await service.tell(uuid7(), 1)
    if not service.database.sqlite:
        await asyncio.sleep(0.2)
        async with service.database.reading() as connection:
            mine = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            assert await connection.scalar(text(f"SELECT count(*) {mine} AND state <> 'idle'")) == 0
            assert (await connection.scalar(text(f"SELECT count(*) {mine}")) or 0) <= 20


async def test_on_sqlite_readers_do_not_wait_for_a_writer(world_of_databases: World):
    service, case = await world_of_databases.numbers(), uuid7()
    await service.tell(uuid7(), 1)
    async with service.database.transaction() as uow:
        await uow.lock(case)
        async with asyncio.timeout(2):
            assert len(await service.rows(tables.event)) == 1
            async with service.database.transaction(writes=False) as look:
                assert await look.session.scalar(select(tables.stream.c.id).where(tables.stream.c.id == case)) is None


async def test_two_transactions_on_one_case_wait_for_each_other(world_of_databases: World):
    service, case = await world_of_databases.numbers(), uuid7()
    await asyncio.gather(*[service.tell(case, n) for n in range(20)])
    rows = await service.rows(tables.event)
    assert [row.sequence for row in rows] == list(range(1, 21))


def cut(connection: object) -> None:
    connection.connection.dbapi_connection._connection.terminate()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] -- as a cable would


async def test_a_commit_whose_answer_is_lost_is_not_taken_for_a_failure(postgres_world: World):
    """The caller hears that nobody knows."""
    service, case = await postgres_world.numbers(), uuid7()
    on_event.listen(service.database.engine.sync_engine, "commit", cut)
    with pytest.raises(CommitUnknown):
        await service.tell(case, 1)
    on_event.remove(service.database.engine.sync_engine, "commit", cut)
    await service.tell(case, 2)
    assert [row.sequence for row in await service.rows(tables.event)] == [1]


async def test_a_use_case_that_met_a_deadlock_is_run_again(postgres_world: World):
    service, cases, met = await postgres_world.numbers(), [uuid7(), uuid7()], asyncio.Barrier(2)
    runs = 0

    async def crossing(first: int) -> None:
        nonlocal runs
        runs += 1
        async with service.database.transaction() as uow:
            await uow.lock(cases[first])
            if runs <= 2:
                await met.wait()
            await uow.lock(cases[1 - first])

    await asyncio.gather(*[again_on_deadlock(lambda first=first: crossing(first)) for first in (0, 1)])
    assert runs == 3


async def test_what_follows_a_commit_does_not_follow_one_that_fails(world_of_databases: World):
    service, case, followed = await world_of_databases.numbers(), uuid7(), list[str]()

    def fails(connection: object) -> None:
        if service.database.sqlite:
            raise ConnectionError
        cut(connection)

    async def work() -> None:
        async with service.database.transaction() as uow:
            await uow.lock(case)
            uow.emit(NumberTold(case_id=case, home="here", time=uow.now, n=1))
            uow.after_commit.append(lambda: followed.append("after"))

    service.database.on_commit(lambda _, told: followed.append("told" if told else "nothing"))
    on_event.listen(service.database.engine.sync_engine, "commit", fails)
    with pytest.raises((ConnectionError, CommitUnknown)):
        await work()
    on_event.remove(service.database.engine.sync_engine, "commit", fails)
    assert (followed, await service.rows(tables.event)) == ([], [])
    await work()
    assert followed == ["after", "told"]
    assert len(await service.rows(tables.event)) == 1


@pytest.fixture
async def on_sqlite(tmp_path: Path) -> AsyncGenerator[Numbers]:
    world = World("here", "there", two_parties("here", "there"), lambda _: bus("here"), lambda: url())

    async def url() -> str:
        return f"sqlite:///{tmp_path / 'one.db'}"

    yield await world.numbers()
    await world.close()


async def test_on_sqlite_a_transaction_that_may_write_is_the_writer_from_its_first_look_on(on_sqlite: Numbers):
    """Else what it read may be out of date when it writes, and it fails."""
    path = on_sqlite.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other_process:
        async with on_sqlite.database.transaction() as uow:
            await uow.session.execute(select(tables.stream.c.id))
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other_process.execute("BEGIN IMMEDIATE")
        other_process.execute("BEGIN IMMEDIATE")


async def test_on_sqlite_a_commit_is_on_the_disk_and_rows_point_to_rows(on_sqlite: Numbers):
    async with on_sqlite.database.transaction() as uow:
        said = {
            name: await uow.session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert said == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}

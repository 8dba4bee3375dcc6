"""What fails in a batch: one event is set aside, its case waits, all others go on."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from shared import handling, tables
from shared.db import CommitUnknown
from shared.ids import uuid7
from shared.testing.numbers import Broken, Once, number, until, working
from shared.testing.spans import Spans
from shared.testing.world import World
from shared.uow import UnitOfWork


async def bug(_: UnitOfWork) -> None:
    raise Broken


async def twice(uow: UnitOfWork) -> None:
    await uow.session.execute(insert(Once), [{"n": 1}, {"n": 1}])


async def no_file(_: UnitOfWork) -> None:
    raise FileNotFoundError


async def too_slow(_: UnitOfWork) -> None:
    raise TimeoutError


async def test_one_failing_event_among_a_hundred_leaves_99_done_and_itself_parked(world_of_databases: World):
    world, cases = world_of_databases, [uuid7() for _ in range(100)]
    hearer = await world.numbers()
    hearer.breaks[37] = bug
    await hearer.inbox.take([number(world.here, case, n) for n, case in enumerate(cases)])
    done = [await hearer.seen(case) for case in cases]
    assert done == [[n] if n != 37 else [] for n in range(100)]
    (parked,) = await hearer.rows(tables.parked)
    assert (parked.stream, parked.state, parked.cause, parked.attempts) == (cases[37], "dead", "platform", 1)
    assert parked.last_error == "Broken"
    assert len(await hearer.rows(tables.inbox)) == 100


async def test_ten_failing_events_among_a_hundred_leave_90_done(world_of_databases: World):
    world, cases = world_of_databases, [uuid7() for _ in range(100)]
    hearer = await world.numbers()
    hearer.breaks = dict.fromkeys(range(5, 100, 10), bug)
    await hearer.inbox.take([number(world.here, case, n) for n, case in enumerate(cases)])
    done = [n for n, case in enumerate(cases) if await hearer.seen(case)]
    assert done == [n for n in range(100) if n % 10 != 5]
    assert len(await hearer.rows(tables.parked)) == 10


@pytest.mark.parametrize(("fault", "state"), [(twice, "dead"), (no_file, "failed"), (too_slow, "failed")])
async def test_whatever_a_handler_raises_is_the_event_s_fault(
    world_of_databases: World, fault: Callable[[UnitOfWork], Awaitable[object]], state: str
):
    """Also what looks like our own database or file system being away; that is tried again."""
    world, case, other = world_of_databases, uuid7(), uuid7()
    hearer = await world.numbers()
    hearer.breaks[1] = fault
    await hearer.inbox.take([number(world.here, case, 1), number(world.here, other, 2)])
    assert await hearer.seen(other) == [2]
    assert await hearer.states(case) == [state]


async def test_state_and_event_of_a_handler_that_raises_after_telling_are_both_undone(world_of_databases: World):
    world, cases = world_of_databases, [uuid7(), uuid7()]
    hearer = await world.numbers()
    hearer.echoes, hearer.breaks[1] = True, bug
    await hearer.inbox.take([number(world.here, case, n) for n, case in enumerate(cases)])
    told = await hearer.rows(tables.event)
    assert [row.stream for row in told] == [cases[0]]
    assert await hearer.seen(cases[1]) == []


async def test_nothing_is_kept_where_the_commit_itself_fails(postgres_world: World):
    """A deferred constraint speaks up at commit only."""
    world, cases = postgres_world, [uuid7(), uuid7()]
    hearer = await world.numbers()
    async with hearer.database.engine.begin() as connection:
        for said in (
            "CREATE TABLE late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)",
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO late VALUES (1); "
            "RETURN NEW; END $$",
            "CREATE TRIGGER late AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION note()",
        ):
            await connection.exec_driver_sql(said)
    hearer.echoes = True
    await hearer.inbox.take([number(world.here, case, n) for n, case in enumerate(cases)])
    assert [row.stream for row in await hearer.rows(tables.event)] == [cases[0]]
    assert [await hearer.seen(case) for case in cases] == [[0], []]
    assert await hearer.states() == ["dead"]


async def test_a_deadlock_of_two_batches_is_run_again_and_counts_as_no_attempt(postgres_world: World):
    world, cases = postgres_world, sorted([uuid4(), uuid4()])
    hearer = await world.numbers()
    first_met, tried = asyncio.Event(), 0

    async def locks_the_other_way_round(uow: UnitOfWork) -> None:
        nonlocal tried
        tried += 1
        first_met.set()
        await uow.lock(cases[0])

    hearer.breaks[1] = locks_the_other_way_round

    async def an_operator() -> None:
        async with hearer.database.transaction() as uow:
            await uow.session.execute(text("SET LOCAL deadlock_timeout = '60s'"))  # so that the batch is the victim
            await uow.lock(cases[0])
            await first_met.wait()
            await uow.lock(cases[1])

    async def batch() -> None:
        await asyncio.sleep(0.1)
        await hearer.inbox.take([number(world.here, cases[1], 1)])

    await asyncio.gather(an_operator(), batch())
    assert await hearer.seen(cases[1]) == [1]
    assert await hearer.states() == []
    assert tried == 2, "nobody met a deadlock"


async def test_a_service_whose_pool_is_used_up_goes_on_afterwards(postgres_world: World):
    world, case = postgres_world, uuid7()
    hearer = await world.numbers()
    pool = hearer.database.engine.pool
    pool._timeout = 0.2  # pyright: ignore[reportAttributeAccessIssue] -- ten seconds is long for a test
    async with working(hearer.inbox.run(hearer.broker), hearer.retries.run(), hearer.timer_loop().run()):
        held = [await hearer.database.engine.connect() for _ in range(20)]
        await world.send(number(world.here, case, 1))

        async def stalled() -> bool:
            return "consuming" in hearer.flow.faults() and "timing" in hearer.flow.faults()

        await until(stalled)
        for connection in held:
            await connection.close()

        async def all_well() -> bool:
            return await hearer.seen(case) == [1] and not {"consuming", "timing"} & hearer.flow.faults().keys()

        await until(all_well)


async def test_a_handler_that_hangs_is_parked_and_the_others_go_on(
    world_of_databases: World, monkeypatch: pytest.MonkeyPatch
):
    world, case, other = world_of_databases, uuid7(), uuid7()
    monkeypatch.setattr(handling, "LONGEST", 0.2)
    hearer = await world.numbers()

    async def hangs(_: UnitOfWork) -> None:
        await asyncio.Event().wait()

    hearer.breaks[1] = hangs
    async with asyncio.timeout(30):
        await hearer.inbox.take([number(world.here, case, 1), number(world.here, other, 2)])
    assert await hearer.seen(other) == [2]
    (row,) = await hearer.rows(tables.parked)
    assert (row.stream, row.state, row.last_error) == (case, "failed", "HandlerBroke")


async def test_what_is_cancelled_is_nobody_s_fault_and_comes_again(world: World):
    """As at a SIGTERM under load."""
    hearer, cases, met = await world.numbers(), [uuid7(), uuid7()], asyncio.Event()

    async def hangs(_: UnitOfWork) -> None:
        met.set()
        await asyncio.Event().wait()

    hearer.breaks[1] = hangs
    await world.send(*[number(world.here, case, n) for n, case in enumerate(cases)])
    async with working(hearer.inbox.run(hearer.broker)) as (running,):
        await met.wait()
        running.cancel()
        done, _ = await asyncio.wait([running], timeout=20)
        assert done, "it goes on although it was cancelled"
    assert (await hearer.rows(tables.inbox), await hearer.states()) == ([], [])
    hearer.breaks.clear()
    async with working(hearer.inbox.run(hearer.broker)):

        async def heard() -> bool:
            return [await hearer.seen(case) for case in cases] == [[0], [1]]

        await until(heard)
    assert await hearer.states() == []


async def test_while_our_own_database_fails_nothing_is_acked_and_no_event_is_blamed(world: World):
    hearer, case, failed = await world.numbers(), uuid7(), 0

    async def away_twice(_: UnitOfWork) -> None:
        nonlocal failed
        failed += 1
        if failed <= 2:
            raise CommitUnknown

    hearer.breaks[1] = away_twice
    await world.send(number(world.here, case, 1), number(world.here, case, 2))
    async with working(hearer.inbox.run(hearer.broker)):

        async def heard() -> bool:
            return await hearer.seen(case) == [1, 2]

        await until(heard)
    assert (failed, await hearer.states()) == (3, [])


async def test_of_an_error_only_its_kind_is_kept_logged_and_traced(
    world_of_databases: World, caplog: pytest.LogCaptureFixture
):
    """Its text may hold anything."""
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()

    async def tells(_: UnitOfWork) -> None:
        raise KeyError("Almkvist")

    hearer.breaks[1], spans = tells, Spans()
    await hearer.inbox.take([number(world.here, case, 1)])
    (row,) = await hearer.rows(tables.parked)
    assert (row.first_error, row.last_error) == ("KeyError", "KeyError")
    assert spans.ended
    assert "Almkvist" not in caplog.text + spans.text()

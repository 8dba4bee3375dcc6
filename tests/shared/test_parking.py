"""What is held back by an event that waits, and by one that fails; and how it goes on."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from shared import tables
from shared.db import CommitUnknown
from shared.errors import Fault, Refused
from shared.ids import uuid7
from shared.testing.numbers import Broken, Numbers, Once, number, until, working
from shared.testing.world import World
from shared.uow import UnitOfWork


class Later(Refused):
    """Not now."""

    fault = Fault.RECEIVER


async def fails(_: UnitOfWork) -> None:
    raise Later


async def bug(_: UnitOfWork) -> None:
    raise Broken


async def twice(uow: UnitOfWork) -> None:
    await uow.session.execute(insert(Once), [{"n": 1}, {"n": 1}])


async def make_due(hearer: Numbers) -> None:
    """As if the pause before the next try were over."""
    async with hearer.database.writing() as connection:
        now = hearer.parking.clock.now()
        await connection.execute(update(tables.parked).where(tables.parked.c.state == "failed").values(next_at=now))


async def settled(hearer: Numbers, case: UUID, expected: list[int]) -> None:
    async def as_expected() -> bool:
        return await hearer.seen(case) == expected

    await until(as_expected)


async def test_a_fact_that_waits_goes_on_after_what_it_needs_has_come(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, 2, needs=1), number(world.here, case, 3)])
    assert await hearer.states(case) == ["waiting", "behind"]
    assert await hearer.retries.try_due() == 1, "what it needs may have come while it was being parked"
    assert await hearer.retries.try_due() == 0, "nothing has come, and it is not yet time to look again"
    await hearer.inbox.take([number(world.here, case, 1, teller="hearer")])
    assert await hearer.retries.try_due() == 2
    assert await hearer.seen(case) == [1, 2, 3]
    assert await hearer.states() == []


async def test_a_fact_that_waits_holds_back_its_own_source_alone(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, 2, needs=1)])
    await hearer.inbox.take([number(world.here, case, 3), number(world.here, case, 4, teller="hearer")])
    assert await hearer.seen(case) == [4]
    assert await hearer.states(case) == ["waiting", "behind"]


async def test_what_was_committed_just_before_a_fact_began_to_wait_is_not_missed(world_of_databases: World):
    """The awaited commit falls between the failed run and the parked row, or is another process's."""
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    async with working(hearer.retries.run()):
        await hearer.inbox.take([number(world.here, case, 2, needs=1)])
        replica = await world.numbers(like=hearer)
        await replica.inbox.take([number(world.here, case, 1, teller="hearer")])
        await settled(hearer, case, [1, 2])


async def test_what_fails_parks_its_case_and_others_go_on(world_of_databases: World):
    world, case, other = world_of_databases, uuid7(), uuid7()
    hearer = await world.numbers()
    hearer.breaks[1] = fails
    await hearer.inbox.take([number(world.here, case, 1), number(world.here, other, 1 + 1)])
    await hearer.inbox.take(
        [number(world.here, case, 3), number(world.here, case, 4, teller="hearer"), number(world.here, other, 5)]
    )
    assert await hearer.seen(case) == []
    assert await hearer.seen(other) == [2, 5]
    assert await hearer.states(case) == ["failed", "behind", "behind"]


async def test_after_the_failing_event_succeeds_its_followers_run_in_order(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks[1] = fails
    await hearer.inbox.take([number(world.here, case, n) for n in (1, 2, 3)])
    await hearer.inbox.take([number(world.here, case, n) for n in (4, 5)])
    hearer.breaks.clear()
    assert await hearer.retries.try_due() == 0, "it was tried before its time"
    await make_due(hearer)
    assert await hearer.retries.try_due() == 5
    assert await hearer.seen(case) == [1, 2, 3, 4, 5]
    await hearer.inbox.take([number(world.here, case, 6)])
    assert await hearer.seen(case) == [1, 2, 3, 4, 5, 6]


async def test_attempts_are_counted_and_paused_and_end_at_the_desk(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks[1] = fails
    await hearer.inbox.take([number(world.here, case, 1)])
    pauses: list[timedelta] = []
    for attempt in range(1, 7):
        (row,) = await hearer.rows(tables.parked)
        assert (row.state, row.attempts) == ("failed", attempt)
        pauses.append(row.next_at - hearer.parking.clock.now())
        await make_due(hearer)
        await hearer.retries.try_due()
    assert await hearer.states() == ["dead"]
    rough = [round(pause.total_seconds()) for pause in pauses]
    for got, meant in zip(rough, (1, 10, 60, 600, 3600, 21600), strict=True):
        assert 0.7 * meant - 1 <= got <= 1.3 * meant


async def test_a_fault_of_ours_counts_as_no_attempt_of_a_retry(world_of_databases: World):
    """The event goes on waiting for its next try when the answer to its commit is lost."""
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks[1] = fails
    await hearer.inbox.take([number(world.here, case, 1)])

    async def cut(_: UnitOfWork) -> None:
        raise CommitUnknown

    hearer.breaks[1] = cut
    await make_due(hearer)
    with pytest.raises(CommitUnknown):
        await hearer.retries.try_due()
    (row,) = await hearer.rows(tables.parked)
    assert (row.state, row.attempts) == ("failed", 1)


async def test_one_parked_event_that_breaks_the_database_s_rules_does_not_hold_back_the_others(
    world_of_databases: World,
):
    world, cases = world_of_databases, [uuid7(), uuid7()]
    hearer = await world.numbers()
    hearer.breaks = {0: fails, 1: fails}
    await hearer.inbox.take([number(world.here, case, n) for n, case in enumerate(cases)])
    hearer.breaks = {0: twice}
    await make_due(hearer)
    await hearer.retries.try_due()
    assert await hearer.seen(cases[1]) == [1]
    assert await hearer.states(cases[0]) == ["dead"]


async def test_those_who_stand_behind_nobody_go_on(world_of_databases: World):
    """As after a crash between the success of the first and the run of those behind it."""
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks[1] = fails
    await hearer.inbox.take([number(world.here, case, n) for n in (1, 2, 3)])
    async with hearer.database.writing() as connection:
        await connection.execute(tables.parked.delete().where(tables.parked.c.state == "failed"))
    restarted = await world.numbers(like=hearer)
    async with working(restarted.retries.run()):
        await settled(restarted, case, [2, 3])
    assert await hearer.states() == []


async def test_a_follower_that_waits_does_not_hold_back_another_source(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks[1] = fails
    await hearer.inbox.take([number(world.here, case, 1), number(world.here, case, 2, needs=9)])
    await hearer.inbox.take([number(world.here, case, 3, teller="hearer")])
    hearer.breaks.clear()
    await make_due(hearer)
    await hearer.retries.try_due()
    assert await hearer.seen(case) == [1, 3]
    assert await hearer.states(case) == ["waiting"]


async def test_a_commit_of_the_case_wakes_what_waits_and_not_what_pauses(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, 2, needs=9)])
    hearer.breaks[1] = fails
    await hearer.inbox.take([number(world.here, case, 1, teller="hearer")])
    await hearer.tell(case, 7)
    await hearer.retries.try_due()
    assert [(row.state, row.attempts) for row in await hearer.rows(tables.parked)] == [("waiting", 1), ("failed", 1)]


async def test_an_order_free_projection_parks_the_event_alone(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers(order_free=True)
    hearer.breaks[1] = bug
    await hearer.inbox.take([number(world.here, case, n) for n in (1, 2)])
    await hearer.inbox.take([number(world.here, case, 3)])
    assert await hearer.seen(case) == [2, 3]
    assert await hearer.states() == ["dead"]


class Never(Refused):
    """The sender said what cannot be."""


async def test_what_only_the_sender_can_mend_is_not_tried_again(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()

    async def never(_: UnitOfWork) -> None:
        raise Never

    hearer.breaks[1] = never
    await hearer.inbox.take([number(world.here, case, 1), number(world.here, case, 2)])
    assert [(row.state, row.attempts) for row in await hearer.rows(tables.parked)] == [("dead", 1), ("behind", 0)]


async def test_hundreds_behind_one_go_on_in_a_few_transactions(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks[0] = fails
    await hearer.inbox.take([number(world.here, case, 0)])
    await hearer.inbox.take([number(world.here, case, n) for n in range(1, 351)])
    hearer.breaks.clear()
    await make_due(hearer)
    commits: list[bool] = []
    hearer.database.on_commit(lambda _, told: commits.append(told))
    assert await hearer.retries.try_due() == 351
    assert await hearer.seen(case) == list(range(351))
    assert len(commits) == 1 + 4


async def test_one_of_those_behind_that_fails_holds_back_the_rest_of_them(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks = {0: fails, 5: fails}
    await hearer.inbox.take([number(world.here, case, n) for n in range(10)])
    del hearer.breaks[0]
    await make_due(hearer)
    await hearer.retries.try_due()
    assert await hearer.seen(case) == [0, 1, 2, 3, 4]
    assert await hearer.states(case) == ["failed"] + ["behind"] * 4


async def test_two_who_follow_one_stream_keep_its_order(world_of_databases: World):
    """One has read who stands behind; meanwhile another process runs them, and the first of them fails there."""
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    hearer.breaks = {1: fails}
    await hearer.inbox.take([number(world.here, case, n) for n in (1, 2, 3)])
    hearer.breaks = {2: fails}
    await make_due(hearer)
    head, *behind = await hearer.rows(tables.parked)
    assert await hearer.retries.attempt([head])
    replica = await world.numbers(like=hearer)
    replica.breaks = {2: fails}
    await replica.retries.try_due()
    assert await replica.states(case) == ["failed", "behind"]
    hearer.breaks = {}
    await hearer.retries.attempt(behind)
    assert await hearer.seen(case) == [1]
    assert await hearer.states(case) == ["failed", "behind"]


@pytest.mark.parametrize("header", ["a\0b", "\ud800"], ids=["zero", "half a character"])
async def test_another_organisation_s_odd_headers_stop_nobody_s_case(world_of_databases: World, header: str):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    odd = number(world.there, case, 1, teller="hearer")
    await hearer.inbox.take([replace(odd, body=b"{}", headers={**odd.headers, "x": header})])
    assert await hearer.states(case) == ["dead"]
    await hearer.inbox.take([number(world.here, case, n) for n in (1, 2, 3)])
    assert await hearer.seen(case) == [1, 2, 3]
    assert await hearer.states(case) == ["dead"]

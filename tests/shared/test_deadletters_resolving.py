"""Replays by event, case, organisation, type, cause and time; skips; and what is remembered of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from shared import deadletters, tables
from shared.caller import Caller
from shared.deadletters import Wanted
from shared.deadletters.resolving import Everything
from shared.errors import Fault, NotFound, Refused
from shared.ids import uuid7
from shared.resolutions import ReplayReason, SkipReason
from shared.tables import ParkedState
from shared.testing.numbers import TYPE, Broken, Numbers, number
from shared.testing.world import World
from shared.uow import UnitOfWork

KARIN = Caller(organisation="x", party="operations", subject="karin", client_id="desk", scopes=frozenset())


class Later(Refused):
    """Not now."""

    fault = Fault.RECEIVER


async def bug(_: UnitOfWork) -> None:
    raise Broken


async def later(_: UnitOfWork) -> None:
    raise Later


async def dead(world: World, *cases: UUID) -> Numbers:
    """In each case a dead letter, numbered from 1, and one behind it."""
    hearer = await world.numbers()
    hearer.breaks = {n: bug for n, _ in enumerate(cases, 1)}
    for n, case in enumerate(cases, 1):
        await hearer.inbox.take([number(world.here, case, n), number(world.here, case, n + 10)])
    hearer.breaks.clear()
    return hearer


async def replayed(hearer: Numbers, wanted: Wanted, *, limit: int = 100) -> UUID:
    async with hearer.database.transaction(caller=KARIN) as uow:
        said = await deadletters.replay(
            uow, hearer.retries, hearer.parties, wanted, limit=limit, reason=ReplayReason.REPAIRED, note="mended"
        )
    return said.id


async def report(hearer: Numbers, batch: UUID) -> tuple[int, int, int, int]:
    """(queued, ran, parked again, left)."""
    async with hearer.database.transaction(writes=False) as uow:
        said = await deadletters.report(uow, batch)
    return said.queued, said.ran, said.parked, said.left


async def letter_of(hearer: Numbers, case: UUID) -> Any:
    return (await hearer.rows(tables.parked, tables.parked.c.stream == case))[0]


async def test_a_replay_of_a_case_runs_it_and_what_stands_behind_and_leaves_other_cases(world_of_databases: World):
    world, one, other = world_of_databases, uuid7(), uuid7()
    hearer = await dead(world, one, other)
    batch = await replayed(hearer, Wanted(stream=one))
    assert await report(hearer, batch) == (1, 0, 0, 1)
    await hearer.retries.try_due()
    assert await report(hearer, batch) == (1, 1, 0, 0)
    assert (await hearer.seen(one), await hearer.seen(other)) == ([1, 11], [])


async def test_a_report_tells_how_many_ran_and_how_many_were_parked_again(world_of_databases: World):
    world, cases = world_of_databases, [uuid7() for _ in range(4)]
    hearer = await dead(world, *cases)
    hearer.breaks = {2: bug, 3: later}
    batch = await replayed(hearer, Wanted(type=TYPE))
    await hearer.retries.try_due()
    assert await report(hearer, batch) == (4, 2, 2, 0)
    assert [await hearer.states(case) for case in cases] == [[], ["dead", "behind"], ["failed", "behind"], []]
    met = {row.detail for row in await hearer.rows(tables.resolution) if row.result == "parked"}
    assert met == {"Broken", "receiver/later: "}


async def test_a_replay_takes_the_oldest_up_to_its_limit(world_of_databases: World):
    world, cases = world_of_databases, [uuid7() for _ in range(3)]
    hearer = await dead(world, *cases)
    batch = await replayed(hearer, Wanted(cause=Fault.PLATFORM), limit=2)
    await hearer.retries.try_due()
    assert await report(hearer, batch) == (2, 2, 0, 0)
    assert [await hearer.seen(case) for case in cases] == [[1, 11], [2, 12], []]


async def test_letters_are_found_by_event_organisation_cause_state_and_time(world_of_databases: World):
    world, ours, theirs, unread = world_of_databases, uuid7(), uuid7(), uuid7()
    hearer = await world.numbers(organisation=world.there)
    hearer.breaks = {1: bug, 2: bug}
    forged = replace(number(world.here, unread, 3), user_id=f"{world.here}.hearer")
    await hearer.inbox.take(
        [
            number(world.there, ours, 1, teller="hearer"),
            number(world.here, theirs, 2),
            forged,
            number(world.here, theirs, 4),
        ]
    )
    three, one, two, four = await hearer.rows(tables.parked)

    async def found(**wanted: Any) -> list[int]:
        conditions = Wanted(**wanted).conditions(world.parties)
        return [row.seq for row in await hearer.rows(tables.parked, *conditions)]

    assert await found() == [three.seq, one.seq, two.seq]
    assert await found(organisation=world.there) == [one.seq]
    assert await found(organisation=world.here) == [three.seq, two.seq], "what nobody could read is its sender's"
    assert await found(event=two.event_id) == [two.seq]
    assert await found(cause=Fault.SENDER) == [three.seq]
    assert await found(stream=theirs, states=tuple(ParkedState)) == [two.seq, four.seq]
    assert await found(since=two.parked_at, until=two.parked_at + timedelta(microseconds=1)) == [two.seq]
    assert await found(until=three.parked_at) == []


async def test_everything_at_once_is_refused(world_of_databases: World):
    hearer = await dead(world_of_databases, uuid7())
    with pytest.raises(Everything):
        await replayed(hearer, Wanted())
    assert await hearer.rows(tables.resolution) == []


async def test_a_replay_of_nothing_has_no_report(world_of_databases: World):
    hearer = await dead(world_of_databases, uuid7())
    batch = await replayed(hearer, Wanted(stream=uuid7()))
    with pytest.raises(NotFound):
        await report(hearer, batch)


async def test_attempts_and_errors_are_kept_over_replays_and_its_pauses_begin_anew(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await dead(world, case)
    first = await letter_of(hearer, case)
    hearer.breaks[1] = later
    await replayed(hearer, Wanted(stream=case))
    await hearer.retries.try_due()
    again = await letter_of(hearer, case)
    assert (again.attempts, again.state, again.first_error, again.last_error) == (
        2,
        "failed",
        "Broken",
        "receiver/later: ",
    )
    assert (again.first_at, again.died_at) == (first.first_at, first.died_at)
    assert again.last_at > first.last_at
    pauses: list[timedelta] = []
    while (row := await letter_of(hearer, case)).state == "failed":
        pauses.append(row.next_at - hearer.parking.clock.now())
        async with hearer.database.writing() as connection:
            due = update(tables.parked).where(tables.parked.c.seq == row.seq)
            await connection.execute(due.values(next_at=hearer.parking.clock.now()))
        await hearer.retries.try_due()
    assert [round(pause.total_seconds(), -3) for pause in pauses][-2:] != [0, 0]
    assert len(pauses) == 6
    assert (await letter_of(hearer, case)).attempts == 8


async def test_what_was_done_is_remembered_with_who_why_and_what_came_of_it(world_of_databases: World):
    world, one, other = world_of_databases, uuid7(), uuid7()
    hearer = await dead(world, one, other)
    first, second = await letter_of(hearer, one), await letter_of(hearer, other)
    await replayed(hearer, Wanted(event=first.event_id))
    async with hearer.database.transaction(caller=KARIN) as uow:
        await deadletters.skip(uow, hearer.retries, second.seq, SkipReason.DUPLICATE, "told twice")
    await hearer.retries.try_due()
    lines = [
        (line.dead_letter, line.event_id, line.action, line.result, line.actor, line.client, line.reason, line.note)
        for line in await hearer.rows(tables.resolution)
    ]
    service = f"/{world.here}/hearer"
    assert lines == [
        (first.seq, first.event_id, "replay", "queued", "karin", "desk", "repaired", "mended"),
        (second.seq, second.event_id, "skip", "skipped", "karin", "desk", "duplicate", "told twice"),
        (first.seq, first.event_id, "replay", "ran", service, None, None, None),
    ]


async def test_what_a_newer_service_tries_again_is_remembered_as_its_own_doing(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, 1, type_=TYPE.replace(".v1", ".v2"))])
    upgraded = await world.numbers(like=hearer)
    upgraded.upgrade()
    await upgraded.retries.understand()
    await upgraded.retries.try_due()
    lines = [(line.result, line.reason, line.actor) for line in await hearer.rows(tables.resolution)]
    assert lines == [("queued", "upgraded", f"/{world.here}/hearer"), ("ran", None, f"/{world.here}/hearer")]


async def test_history_is_found_by_what_is_asked(world_of_databases: World):
    world, one, other = world_of_databases, uuid7(), uuid7()
    hearer = await dead(world, one, other)
    first, second = await letter_of(hearer, one), await letter_of(hearer, other)
    await replayed(hearer, Wanted(stream=one))
    async with hearer.database.transaction() as uow:
        await deadletters.skip(uow, hearer.retries, second.seq, SkipReason.FORGED)

    async def found(**asked: Any) -> list[int]:
        async with hearer.database.transaction(writes=False) as uow:
            return [row.dead_letter for row in await uow.session.execute(deadletters.history(**asked))]

    assert await found(letter=first.seq) == await found(actor="karin") == await found(stream=one) == [first.seq]
    assert await found(event=second.event_id) == await found(action="skip") == [second.seq]
    assert await found(until=hearer.parking.clock.now() - timedelta(days=1)) == []
    assert await found(since=hearer.parking.clock.now() - timedelta(days=1)) == [first.seq, second.seq]

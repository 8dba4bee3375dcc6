"""A dry run says what a replay would change, by the database's own word, and leaves nothing behind."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, text, update

from shared import deadletters, tables
from shared.caller import Caller
from shared.deadletters import DryRun
from shared.deadletters.dry_run import NotItsTurn
from shared.errors import Refused, Waits
from shared.events import Event
from shared.ids import uuid7
from shared.testing.numbers import Broken, Numbers, NumberTold, Once, number
from shared.testing.world import World
from shared.timers import clear_timer, set_timer
from shared.uow import UnitOfWork

KEPT = [table for table in tables.metadata.sorted_tables if table.name not in ("resolution", "demo_clock")]


async def bug(_: UnitOfWork) -> None:
    raise Broken


async def with_a_dead_letter(world: World, case: UUID) -> tuple[Numbers, int]:
    """1 is dead, 2 and 3 stand behind it."""
    hearer = await world.numbers()
    hearer.breaks[1] = bug
    await hearer.inbox.take([number(world.here, case, n) for n in (1, 2, 3)])
    (letter, *_) = await hearer.rows(tables.parked)
    await hearer.retries.try_due()
    hearer.breaks.clear()
    return hearer, letter.seq


async def state_of(hearer: Numbers) -> list[Any]:
    return [[tuple(row) for row in await hearer.rows(table)] for table in KEPT]


async def dry(hearer: Numbers, letter: int) -> DryRun:
    """The dry run, after which everything is as before but for one line in the audit."""
    before, lines = await state_of(hearer), len(await hearer.rows(tables.resolution))
    said = await deadletters.dry_run(hearer.retries, letter, None)
    assert await state_of(hearer) == before
    assert len(await hearer.rows(tables.resolution)) == lines + 1
    return said


async def test_it_says_which_rows_and_what_would_be_told_and_who_follows(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, letter = await with_a_dead_letter(world, case)
    hearer.echoes = True
    said = await dry(hearer, letter)
    assert (said.result, said.complete, said.error) == ("would-run", True, None)
    rows = {(row.table, str(row.kind)): row for row in said.rows}
    assert rows.keys() == {("tally", "inserted"), ("parked", "deleted")}
    tally = rows["tally", "inserted"]
    assert {"id", "case_id", "seen"} <= set(tally.columns)
    assert tally.values["id"].after == tally.values["case_id"].after == str(case)
    assert datetime.fromisoformat(str(tally.values["changed_at"].after)).tzinfo is not None
    assert tally.values.keys().isdisjoint({"seen", "home", "version"})
    told = {(each.type, each.stream) for each in said.events}
    assert ("se.samspar.number.told.v1", case) in told
    assert {type_ for type_, _ in told} == {"se.samspar.number.told.v1", "se.samspar.message.replayed.v1"}
    assert all(each.audience == [world.here] for each in said.events)
    assert [(each.id, each.state) for each in said.then] == [(letter + 1, "behind"), (letter + 2, "behind")]
    assert await hearer.seen(case) == []


async def test_a_row_that_is_changed_shows_its_columns_and_closed_words_before_and_after(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, letter = await with_a_dead_letter(world, uuid7())
    await hearer.inbox.take([number(world.here, case, 7)])

    async def changes(uow: UnitOfWork) -> None:
        await uow.session.execute(text("UPDATE tally SET seen = seen || 'x', version = version"))

    hearer.breaks[1] = changes
    said = await dry(hearer, letter)
    changed = [row for row in said.rows if row.kind == "changed" and row.table == "tally"]
    assert [row.columns for row in changed] == [["seen"]], "raw SQL is seen as well, and only what differs"
    assert changed[0].values["id"].before == changed[0].values["id"].after == str(case)
    gone = next(row for row in said.rows if row.table == "parked")
    assert (gone.values["state"].before, gone.values["state"].after) == ("dead", None)
    assert "body" not in gone.values
    assert "last_error" not in gone.values


async def test_timers_that_would_be_set_moved_and_cleared(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, letter = await with_a_dead_letter(world, case)
    soon, later = (hearer.parking.clock.now() + timedelta(days=n) for n in (1, 2))
    async with hearer.database.transaction() as uow:
        for key in ("8", "9"):
            set_timer(uow, "number", stream=case, key=key, due=soon)

    async def changes(uow: UnitOfWork) -> None:
        set_timer(uow, "number", stream=case, key="7", due=soon)
        set_timer(uow, "number", stream=case, key="8", due=later)
        clear_timer(uow, "number", stream=case, key="9")

    hearer.breaks[1] = changes
    said = await dry(hearer, letter)
    assert sorted((each.change, each.due) for each in said.timers) == [
        ("changed", later),
        ("deleted", soon),
        ("inserted", soon),
    ]
    assert {(each.kind, each.stream) for each in said.timers} == {("number", case)}


async def test_rows_that_would_be_deleted_and_those_that_come_and_go_again(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, letter = await with_a_dead_letter(world, case)
    async with hearer.database.transaction() as uow:
        uow.session.add_all([Once(n=1), Once(n=2), Once(n=3)])

    async def changes(uow: UnitOfWork) -> None:
        await uow.session.execute(delete(Once).where(Once.n == 1))  # pyright: ignore[reportArgumentType] -- sqlmodel types a column as its value
        await uow.session.execute(update(Once).values(n=Once.n))
        await uow.session.execute(select(Once).with_for_update())

    hearer.breaks[1] = changes
    said = await dry(hearer, letter)
    assert [(row.kind, row.table) for row in said.rows if row.table == "once"] == [("deleted", "once")]
    assert said.complete


async def test_what_it_would_meet_is_said_with_who_has_to_act(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, letter = await with_a_dead_letter(world, case)

    class Almkvist(Refused):
        """It cannot be."""

    async def refuses(_: UnitOfWork) -> None:
        raise Almkvist("Look at 199001012385.")

    async def waits(_: UnitOfWork) -> None:
        raise Waits

    hearer.breaks[1] = bug
    said = await dry(hearer, letter)
    assert (said.result, said.cause, said.state, said.error) == ("would-park", "platform", "dead", "Broken")
    assert (said.rows, said.events, said.then) == ((), (), ())
    hearer.breaks[1] = waits
    said = await dry(hearer, letter)
    assert (said.cause, said.state) == ("waiting", "waiting")
    hearer.breaks[1] = refuses
    assert (await dry(hearer, letter)).cause == "sender"


async def test_an_event_too_large_to_be_told_is_met_in_the_dry_run_too(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, letter = await with_a_dead_letter(world, case)

    class Long(Event, type="number.told"):
        words: str

    async def tells(uow: UnitOfWork) -> None:
        uow.emit(Long(case_id=case, home=world.here, time=uow.now, words="x" * 2**20))

    hearer.breaks[1] = tells
    said = await dry(hearer, letter)
    assert (said.result, said.cause) == ("would-park", "platform")


async def test_what_stands_behind_another_is_not_tried(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, letter = await with_a_dead_letter(world, case)
    with pytest.raises(NotItsTurn):
        await deadletters.dry_run(hearer.retries, letter + 1, None)
    assert await hearer.rows(tables.resolution) == []


async def test_a_dry_run_is_audited_and_a_replay_after_it_does_what_it_said(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, letter = await with_a_dead_letter(world, case)
    hearer.echoes = True
    caller = Caller(organisation=world.here, party="operations", subject="karin", client_id="desk", scopes=frozenset())
    said = await deadletters.dry_run(hearer.retries, letter, caller)
    (line,) = await hearer.rows(tables.resolution)
    assert (line.action, line.result, line.actor, line.client) == ("dry-run", "would-run", "karin", "desk")
    before = {row.id for row in await hearer.rows(tables.event)}
    await hearer.retries.attempt([row for row in await hearer.rows(tables.parked) if row.seq == letter])
    told = [row for row in await hearer.rows(tables.event) if row.id not in before]
    assert [(row.type, row.stream) for row in told] == [(each.type, each.stream) for each in said.events]
    assert await hearer.seen(case) == [1]
    assert (await hearer.rows(tables.event, tables.event.c.stream == case))[-1].sequence == 1, "no number was used up"
    assert NumberTold.type in {row.type for row in told}

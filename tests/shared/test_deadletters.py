"""What an operator does with a dead letter: replays or skips it, and is remembered for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from shared import deadletters, tables
from shared.caller import Caller
from shared.clock import StoppedClock
from shared.errors import NotFound
from shared.ids import uuid7
from shared.resolutions import ReplayReason, SkipReason
from shared.testing.numbers import TYPE, Broken, Numbers, number, until, working
from shared.testing.world import World
from shared.uow import UnitOfWork


async def bug(_: UnitOfWork) -> None:
    raise Broken


async def settled(hearer: Numbers, case: UUID, expected: list[int]) -> None:
    async def as_expected() -> bool:
        return await hearer.seen(case) == expected

    await until(as_expected)


async def with_a_dead_letter(world: World, case: UUID) -> tuple[Numbers, int]:
    """1 is dead, 2 and 3 stand behind it."""
    hearer = await world.numbers()
    hearer.breaks[1] = bug
    await hearer.inbox.take([number(world.here, case, n) for n in (1, 2, 3)])
    (letter, *_) = await hearer.rows(tables.parked)
    hearer.breaks.clear()
    return hearer, letter.seq


async def test_a_replayed_dead_letter_runs_and_then_those_behind_it(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, letter = await with_a_dead_letter(world, case)
    async with working(hearer.retries.run()):
        async with hearer.database.transaction() as uow:
            await deadletters.replay_one(uow, hearer.retries, letter, ReplayReason.REPAIRED)
        await settled(hearer, case, [1, 2, 3])
    assert await hearer.states() == []
    asked, ran = await hearer.rows(tables.resolution)
    assert (asked.dead_letter, asked.action, asked.reason, asked.result) == (letter, "replay", "repaired", "queued")
    assert (ran.dead_letter, ran.action, ran.result, ran.batch) == (letter, "replay", "ran", asked.batch)
    assert (asked.actor, ran.actor) == (f"/{world.here}/hearer",) * 2


async def test_a_skipped_dead_letter_stays_undone_and_those_behind_it_run(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, letter = await with_a_dead_letter(world, case)
    async with working(hearer.retries.run()):
        async with hearer.database.transaction() as uow:
            await deadletters.skip(uow, hearer.retries, letter, SkipReason.TOLD_BY_MISTAKE)
        await settled(hearer, case, [2, 3])
    await hearer.inbox.take([number(world.here, case, 4)])
    assert await hearer.seen(case) == [2, 3, 4]
    (audit,) = await hearer.rows(tables.resolution)
    assert (audit.dead_letter, audit.action, audit.event_id is None) == (letter, "skip", False)


async def test_the_operator_s_name_is_kept(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, letter = await with_a_dead_letter(world, case)
    caller = Caller(organisation=world.here, party="operations", subject="karin", client_id="desk", scopes=frozenset())
    async with hearer.database.transaction(caller=caller) as uow:
        await deadletters.skip(uow, hearer.retries, letter, SkipReason.TOLD_BY_MISTAKE)
    (audit,) = await hearer.rows(tables.resolution)
    assert audit.actor == "karin"


async def test_a_letter_that_fails_again_is_a_dead_letter_again(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer, letter = await with_a_dead_letter(world, case)
    hearer.breaks[1] = bug
    async with hearer.database.transaction() as uow:
        await deadletters.replay_one(uow, hearer.retries, letter, ReplayReason.REPAIRED)
    await hearer.retries.try_due()
    assert await hearer.states(case) == ["dead", "behind", "behind"]
    assert await hearer.seen(case) == []


async def test_what_is_no_dead_letter_cannot_be_replayed(world_of_databases: World):
    hearer, letter = await with_a_dead_letter(world_of_databases, uuid7())

    async def replay(seq: int) -> None:
        async with hearer.database.transaction() as uow:
            await deadletters.replay_one(uow, hearer.retries, seq, ReplayReason.REPAIRED)

    with pytest.raises(NotFound):
        await replay(letter + 1)
    assert await hearer.rows(tables.resolution) == []


async def test_what_nobody_may_tell_is_not_let_in_by_a_replay(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    forged = replace(number(world.here, case, 1), user_id=f"{world.here}.hearer")
    await hearer.inbox.take([forged])
    (letter,) = await hearer.rows(tables.parked)
    async with hearer.database.transaction() as uow:
        await deadletters.replay_one(uow, hearer.retries, letter.seq, ReplayReason.REPAIRED)
    await hearer.retries.try_due()
    assert await hearer.seen(case) == []
    assert len(await hearer.rows(tables.parked)) == 1


async def test_what_was_not_understood_is_handled_once_after_an_upgrade_and_a_replay(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    newer = number(world.here, case, 1, type_=TYPE.replace(".v1", ".v2"))
    await hearer.inbox.take([newer, number(world.here, case, 2)])
    letter, _ = await hearer.rows(tables.parked)
    assert (letter.state, letter.cause) == ("dead", "schema")
    upgraded = await world.numbers(like=hearer)
    upgraded.upgrade()
    async with upgraded.database.transaction() as uow:
        await deadletters.replay_one(uow, upgraded.retries, letter.seq, ReplayReason.REPAIRED)
    await upgraded.retries.try_due()
    await upgraded.inbox.take([newer])
    assert await upgraded.seen(case) == [1, 2]
    assert await upgraded.states() == []


async def test_another_content_under_a_known_id_is_not_done_by_a_replay(world_of_databases: World):
    world, case, id_ = world_of_databases, uuid7(), uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, n, id_=id_) for n in (1, 2)])
    (letter,) = await hearer.rows(tables.parked)
    async with hearer.database.transaction() as uow:
        await deadletters.replay_one(uow, hearer.retries, letter.seq, ReplayReason.REPAIRED)
    await hearer.retries.try_due()
    assert await hearer.seen(case) == [1]
    assert len(await hearer.rows(tables.parked)) == 1


async def test_what_was_not_understood_is_tried_again_when_a_newer_service_starts(world_of_databases: World):
    """Nobody has to replay it after a rolling upgrade; what is dead for another reason stays so."""
    world, case, other = world_of_databases, uuid7(), uuid7()
    hearer = await world.numbers()
    hearer.breaks[7] = bug
    newer = number(world.here, case, 1, type_=TYPE.replace(".v1", ".v2"))
    await hearer.inbox.take([newer, number(world.here, case, 2), number(world.here, other, 7)])
    upgraded = await world.numbers(like=hearer)
    upgraded.upgrade()
    async with working(upgraded.retries.run()):

        async def heard() -> bool:
            return await upgraded.seen(case) == [1, 2]

        await until(heard)
    assert await upgraded.states(other) == ["dead"]


async def test_what_could_not_be_believed_yet_is_handled_once_when_it_is_replayed(world_of_databases: World):
    """It was told for a time to come, so it was buried without a key. Delivered again afterwards, it is known."""
    world, case, now = world_of_databases, uuid7(), datetime.now(UTC)
    clock = StoppedClock(now)
    hearer = await world.numbers(clock=clock)
    early = number(world.there, case, 1, teller="hearer")
    early = replace(early, headers={**early.headers, "ce-time": (now + timedelta(hours=1)).isoformat()})
    await hearer.inbox.take([early])
    (letter,) = await hearer.rows(tables.parked)
    assert (letter.state, letter.source, await hearer.rows(tables.inbox)) == ("dead", "", [])
    clock.set(now + timedelta(hours=2))
    async with hearer.database.transaction() as uow:
        await deadletters.replay_one(uow, hearer.retries, letter.seq, ReplayReason.TRY_AGAIN)
    await hearer.retries.try_due()
    await hearer.inbox.take([early])
    assert (await hearer.seen(case), await hearer.states()) == ([1], [])


async def test_what_is_no_dead_letter_cannot_be_skipped(world_of_databases: World):
    """What waits, or stands behind another, has its turn yet."""
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, 2, needs=1), number(world.here, case, 3)])
    for row in await hearer.rows(tables.parked):
        with pytest.raises(NotFound):
            async with hearer.database.transaction() as uow:
                await deadletters.skip(uow, hearer.retries, row.seq, SkipReason.DUPLICATE)
    assert await hearer.states(case) == ["waiting", "behind"]

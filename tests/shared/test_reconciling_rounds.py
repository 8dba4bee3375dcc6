"""Rounds: page by page, one at a time, by those who read the queue; what is refused, unread or new is told apart."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlalchemy import event as on_event

from shared import tables
from shared.feed import Again, told
from shared.ids import uuid7
from shared.parties import Forwarding
from shared.reconciling import NotTheConsumer, Reconciler, Wanted, sources_of, watermarks
from shared.relay import envelope_of
from shared.rights import Task
from shared.subscriptions import Subscriptions
from shared.testing.numbers import Broken, Numbers, number, until, working
from shared.testing.tellers import Nearby, Rounds, all_sent, consuming, have, told_before, unheard
from shared.testing.world import World
from shared.uow import UnitOfWork


async def test_ten_thousand_events_are_compared_page_by_page(world_of_databases: World):
    teller, hearer = await world_of_databases.numbers("teller"), await world_of_databases.numbers()
    ids = await told_before(teller, 12_345)
    lost = [ids[n] for n in (0, 4_999, 5_000, 5_001, 9_999, 10_000, 12_344)]
    await have(hearer, teller, [id_ for id_ in ids if id_ not in lost])
    rounds = Rounds.of(hearer, teller)
    found = await rounds.round(teller, heals=False, before_the_queue=True)
    assert (found.told, found.here, found.missing, found.position) == (12_345, 12_338, 7, 0)
    assert hearer.handled == 0
    found = await rounds.round(teller, before_the_queue=True)
    assert (found.told, found.missing, found.healed, found.position) == (12_345, 0, 7, 12_345)
    assert [await hearer.seen(id_) for id_ in lost] == [[1]] * 7
    assert rounds.nearby.asked == 6


async def test_where_nothing_is_new_one_question_and_no_key_is_looked_at(world_of_databases: World):
    teller, hearer = await world_of_databases.numbers("teller"), await world_of_databases.numbers()
    await have(hearer, teller, await told_before(teller, 6_000))
    rounds = Rounds.of(hearer, teller)
    await rounds.round(teller, before_the_queue=True)
    asked = rounds.nearby.asked
    statements: list[str] = []
    on_event.listen(teller.database.engine.sync_engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    on_event.listen(hearer.database.engine.sync_engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    found = await rounds.round(teller, before_the_queue=True)
    assert (found.told, found.position, rounds.nearby.asked - asked) == (6_000, 6_000, 1)
    assert not [each for each in statements if "inbox" in each]
    assert len([each for each in statements if "event" in each]) == 1


async def test_from_the_start_finds_keys_that_were_lost_later(world_of_databases: World):
    teller, hearer = await world_of_databases.numbers("teller"), await world_of_databases.numbers()
    ids = await told_before(teller, 20)
    await have(hearer, teller, ids)
    rounds = Rounds.of(hearer, teller)
    await rounds.round(teller, before_the_queue=True)
    async with hearer.database.writing() as connection:
        await connection.execute(tables.inbox.delete().where(tables.inbox.c.id == ids[3]))
    assert (await rounds.round(teller, before_the_queue=True)).healed == 0
    dry = await rounds.round(teller, heals=False, from_start=True, before_the_queue=True)
    assert (dry.told, dry.missing) == (20, 1)
    found = await rounds.round(teller, from_start=True, before_the_queue=True)
    assert (found.told, found.missing, found.healed) == (20, 0, 1)


async def test_who_hears_of_more_than_before_hears_all_of_it(world_of_databases: World):
    """A service that is upgraded is a late joiner to what it hears now."""
    teller, hearer = await world_of_databases.numbers("teller"), await world_of_databases.numbers()
    ids = await told_before(teller, 3)
    nearby = Nearby(world_of_databases.here, {teller.database.whoami.source: teller})
    deaf = sources_of(hearer.database.whoami, hearer.parties, Subscriptions())
    await Reconciler(hearer.inbox, nearby, deaf, hearer.flow, 0).round(Wanted(uuid7()), before_the_queue=True)
    async with hearer.database.reading() as connection:
        assert (await watermarks(connection))[teller.database.whoami.source].position == 3
    found = await Rounds.of(hearer, teller).round(teller, before_the_queue=True)
    assert (found.healed, found.told) == (3, 3)
    assert [await hearer.seen(id_) for id_ in ids] == [[1]] * 3


async def test_what_is_a_dead_letter_without_a_key_is_not_missing(world_of_databases: World):
    """It came, and its sender may not tell it: that is for a person, and not to be told again."""
    teller, hearer, case = await world_of_databases.numbers("teller"), await world_of_databases.numbers(), uuid7()
    async with unheard(world_of_databases, teller):
        await teller.tell(case, 1)
    (row,) = await teller.rows(tables.event)
    forged = number(world_of_databases.here, case, 1, id_=row.id)
    await hearer.inbox.take([replace(forged, user_id="somebody.else")])
    found = await Rounds.of(hearer, teller).round(teller, before_the_queue=True)
    assert (found.missing, found.healed, await hearer.states()) == (0, 0, ["dead"])


async def test_what_cannot_be_healed_is_missing_until_it_can(world_of_databases: World):
    teller, hearer, case = await world_of_databases.numbers("teller"), await world_of_databases.numbers(), uuid7()
    async with unheard(world_of_databases, teller):
        await teller.tell(case, 1, 2, 3)
    rounds = Rounds.of(hearer, teller)

    def without_the_second(items: list[Again]) -> list[Again]:
        return [each for each in items if each.body != '{"n":2}']

    rounds.nearby.forged = without_the_second
    found = await rounds.round(teller, before_the_queue=True)
    assert (found.told, found.here, found.missing, found.healed, found.position) == (3, 2, 1, 2, 0)
    rounds.nearby.forged = list
    found = await rounds.round(teller, before_the_queue=True)
    assert (found.missing, found.healed, found.position) == (0, 3, 3)
    assert await hearer.seen(case) == [1, 3, 2]


async def test_an_older_fact_goes_before_the_failed_one_that_lacks_it(world_of_databases: World):
    """The newer failed for want of it, and holds the case; what its source told before it does not stand behind it."""
    teller, hearer, case = await world_of_databases.numbers("teller"), await world_of_databases.numbers(), uuid7()

    async def lacks(_: UnitOfWork) -> None:
        raise Broken

    hearer.breaks[2] = lacks
    async with unheard(world_of_databases, teller):
        await teller.tell(case, 1, 2)
    first, second = await teller.rows(tables.event)
    await hearer.inbox.take([number(world_of_databases.here, case, 2, id_=second.id)])
    assert await hearer.states(case) == ["dead"]
    async with hearer.database.writing() as connection:
        await connection.execute(tables.inbox.update().values(hash=hash_of(second)))
    found = await Rounds.of(hearer, teller).round(teller, before_the_queue=True)
    assert (found.healed, await hearer.seen(case), await hearer.states(case)) == (1, [1], ["dead"])
    assert first.sequence < second.sequence


def hash_of(row: Any) -> bytes:
    return envelope_of(row, "/any/teller").fingerprint(row.body)


async def test_a_feed_is_fetched_where_nobody_forwards(world_of_databases: World):
    """Their file says `feed`: then this is the way it comes, and no alarm."""
    world, case = world_of_databases, uuid7()
    own = world.parties.organisations[world.here]
    by_feed = own.model_copy(update={"forwards_to": {world.there: Forwarding.FEED}})
    world.parties = world.parties.model_copy(
        update={"organisations": {**world.parties.organisations, world.here: by_feed}}
    )
    teller, hearer = await world.numbers("teller"), await world.numbers(organisation=world.there)
    async with unheard(world, teller):
        await teller.tell(case, 1, 2, to=frozenset({world.there}))
    found = await Rounds.of(hearer, teller).round(teller)
    assert (found.missing, found.healed, await hearer.seen(case)) == (0, 2, [1, 2])


async def test_rounds_are_made_where_the_queue_is_read(world_of_databases: World):
    hearer = await world_of_databases.numbers()
    rounds = Rounds.of(hearer)
    with pytest.raises(NotTheConsumer):
        rounds.reconciler.require_consumer()
    async with working(hearer.inbox.run(hearer.broker), rounds.reconciler.run()):
        await consuming(hearer)
        rounds.reconciler.require_consumer()
        rounds.reconciler.ask(Wanted(uuid7(), from_start=True))
        rounds.reconciler.ask(last := Wanted(uuid7()))

        async def done() -> bool:
            return {row.round for row in await hearer.rows(tables.reconciliation)} == {last.id}

        await until(done)


async def test_of_two_processes_one_compares_at_a_time(postgres_world: World):
    hearer = await postgres_world.numbers()
    replica = await postgres_world.numbers(like=hearer)
    others, tries = Rounds.of(replica, replica), list[str]()

    def tried(*said: Any) -> None:
        tries.extend(each for each in said if isinstance(each, str) and "pg_try_advisory_lock" in each)

    async with hearer.database.alone(Task.RECONCILE, waiting=lambda: None):
        on_event.listen(Engine, "before_cursor_execute", tried)
        waiting = asyncio.create_task(others.reconciler.round(Wanted(uuid7())))

        async def waits_or_is_done() -> bool:
            return len(tries) > 1 or waiting.done()

        await until(waits_or_is_done)
        on_event.remove(Engine, "before_cursor_execute", tried)
        assert (waiting.done(), others.nearby.asked) == (False, 0)
    assert len(await waiting) == 3
    assert others.nearby.asked == 1


async def test_an_older_position_is_not_looked_at_twice_beyond_the_end(world_of_databases: World):
    """What is told while a round goes on is left to the next: nobody knows yet whether it is in the queue."""
    teller = await world_of_databases.numbers("teller")
    await told_before(teller, 10)
    async with teller.database.reading() as connection:
        page = await told(connection, world_of_databases.here, forwarded=False, after=2, until=7)
    assert ([item.position for item in page.items], page.upto, page.last) == ([3, 4, 5, 6, 7], 7, 10)


async def test_healed_and_heard_meanwhile_is_handled_once(world: World):
    """Rounds that take everything from the teller at once while the same comes by the queue."""
    teller, hearer, case = await world.numbers("teller"), await world.numbers(), uuid7()
    rounds = Rounds.of(hearer, teller)
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        for n in range(30):
            await teller.tell(case, n)
            await rounds.round(teller, before_the_queue=True)
        await all_sent(teller)
        await heard_all(hearer, case, 30)
    assert (sorted(await hearer.seen(case)), hearer.handled) == ([*range(30)], 30)


async def heard_all(hearer: Numbers, case: UUID, count: int) -> None:
    async def all_came() -> bool:
        return len(await hearer.seen(case)) == count

    await until(all_came)

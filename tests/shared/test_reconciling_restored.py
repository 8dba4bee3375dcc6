"""A backup that was restored, on either side: what came since comes again, and what no longer fits is said aloud."""

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from shared import tables
from shared.feed import told
from shared.ids import uuid7
from shared.reconciling import accept, faults_of, watermarks
from shared.reconciling.watermarks import keep
from shared.testing.numbers import Numbers, working
from shared.testing.servers import Postgres
from shared.testing.tellers import Rounds, all_sent, consuming, heard, unheard
from shared.testing.world import World

Backups = Callable[[Numbers], Awaitable[Numbers]]


@pytest.fixture
def backup(request: pytest.FixtureRequest, world_of_databases: World) -> Backups:
    """The service as it is now, in a database of its own: what a backup would bring back."""

    async def copy(service: Numbers) -> Numbers:
        await service.database.close()
        parts = urlsplit(service.url)
        name = uuid4().hex
        if parts.scheme == "sqlite":
            url = service.url.rpartition("/")[0] + f"/{name}.db"
            source, target = (sqlite3.connect(each.removeprefix("sqlite:///")) for each in (service.url, url))
            source.backup(target)
            source.close()
            target.close()
        else:
            postgres: Postgres = request.getfixturevalue("postgres")
            postgres.run(f'CREATE DATABASE "t{name}" TEMPLATE "{parts.path[1:]}"')
            url = postgres.database_url(f"t{name}")
            request.addfinalizer(lambda: postgres.drop_database(url))
        whoami = service.database.whoami
        return await world_of_databases.numbers(
            whoami.service, organisation=whoami.organisation, like=replace(service, url=url)
        )

    return copy


async def test_a_restored_recipient_hears_again_what_came_since(world_of_databases: World, backup: Backups):
    world, case = world_of_databases, uuid7()
    teller, hearer = await world.numbers("teller"), await world.numbers()
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        await teller.tell(case, 1, 2)
        await heard(hearer, case, [1, 2])
        assert (await Rounds.of(hearer, teller).round(teller)).here == 2
    restored = await backup(hearer)
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        await teller.tell(case, 3, 4)
        await heard(hearer, case, [1, 2, 3, 4])
        await Rounds.of(hearer, teller).round(teller)
        await all_sent(teller)
    assert await restored.seen(case) == [1, 2]
    found = await Rounds.of(restored, teller).round(teller, before_the_queue=True)
    assert (found.healed, found.here, found.restored_at) == (2, 4, None)
    assert (await restored.seen(case), restored.handled) == ([1, 2, 3, 4], 2)


async def test_before_the_queue_is_read_all_comes_in_order(world_of_databases: World, backup: Backups):
    """What is in the queue of a restored service came later than what is lacking: it is read after it."""
    world, case = world_of_databases, uuid7()
    teller, hearer = await world.numbers("teller"), await world.numbers()
    restored = await backup(hearer)
    async with working(teller.relay.run()):
        async with working(hearer.inbox.run(hearer.broker)):
            await teller.tell(case, 1, 2)
            await heard(hearer, case, [1, 2])
        await all_sent(teller)
        await teller.tell(case, 3)
        rounds = Rounds.of(restored, teller)
        await rounds.round(teller, before_the_queue=True)
        async with working(restored.inbox.run(restored.broker)):
            await heard(restored, case, [1, 2, 3])


async def restored_teller(world: World, backup: Backups, case: UUID) -> tuple[Numbers, Numbers, Rounds]:
    """A hearer that has five events, of which the teller's backup has three."""
    teller, hearer = await world.numbers("teller"), await world.numbers()
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        await teller.tell(case, 1, 2, 3)
        await heard(hearer, case, [1, 2, 3])
        await all_sent(teller)
    older = await backup(teller)
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        await teller.tell(case, 4, 5)
        await heard(hearer, case, [1, 2, 3, 4, 5])
        await all_sent(teller)
        await consuming(hearer)
        assert (await Rounds.of(hearer, teller).round(teller)).position == 5
    return older, hearer, Rounds.of(hearer, older)


async def test_a_restored_teller_is_noticed_and_what_it_tells_now_is_not_lost(
    world_of_databases: World, backup: Backups, caplog: pytest.LogCaptureFixture
):
    """It gives positions and sequence numbers that are known already to other events: they are heard all the same."""
    world, case = world_of_databases, uuid7()
    teller, hearer, rounds = await restored_teller(world, backup, case)
    async with unheard(world, teller):
        await teller.tell(case, 6, 7, 8)
    with caplog.at_level(logging.CRITICAL):
        found = await rounds.round(teller, before_the_queue=True)
    assert "was restored from a backup" in caplog.text
    assert (found.healed, found.position, found.told, found.forgotten) == (3, 6, 6, 2)
    assert found.restored_at is not None
    assert await hearer.seen(case) == [1, 2, 3, 4, 5, 6, 7, 8]
    found = await rounds.round(teller, before_the_queue=True)
    assert found.restored_at is not None, "until an operator accepts it"
    async with hearer.database.writing() as connection:
        assert faults_of(await watermarks(connection)) == "LogRestored"
        await accept(connection, [found.source])
        assert faults_of(await watermarks(connection)) is None


async def test_a_restored_teller_that_has_told_nothing_since_is_noticed(world_of_databases: World, backup: Backups):
    teller, hearer, rounds = await restored_teller(world_of_databases, backup, uuid7())
    found = await rounds.round(teller, before_the_queue=True)
    assert (found.restored_at is not None, found.position, found.forgotten) == (True, 3, 2)
    assert len(await hearer.rows(tables.inbox)) == 5


async def test_a_log_is_known_by_what_stands_there_and_not_by_who_may_hear_it(world_of_databases: World):
    """The last event compared is not for the asker; that another one takes its place is noticed all the same."""
    teller, hearer = await world_of_databases.numbers("teller"), await world_of_databases.numbers()
    elsewhere = world_of_databases.there
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        await teller.tell(uuid7(), 1)
        await all_sent(teller)
    async with teller.database.reading() as connection:
        first = await told(connection, elsewhere, forwarded=False, after=0)
    assert (first.items, first.upto) == ([], 1)
    async with teller.database.reading() as connection:
        again = await told(connection, elsewhere, forwarded=False, after=1, mark=first.mark)
    assert again.same
    async with teller.database.writing() as connection:
        await connection.execute(update(tables.event).values(id=uuid7()))
    async with teller.database.reading() as connection:
        again = await told(connection, elsewhere, forwarded=False, after=1, mark=first.mark)
    assert not again.same


async def test_old_events_that_were_erased_are_no_other_log(world_of_databases: World):
    teller, hearer, case = await world_of_databases.numbers("teller"), await world_of_databases.numbers(), uuid7()
    rounds = Rounds.of(hearer, teller)
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        await teller.tell(case, *range(4))
        await heard(hearer, case, range(4))
        await all_sent(teller)
        await consuming(hearer)
        await rounds.round(teller)
        await teller.tell(case, *range(4, 8))
        await heard(hearer, case, range(8))
        await all_sent(teller)
        async with teller.database.writing() as connection:
            await connection.execute(tables.event.delete().where(tables.event.c.position <= 6))
        found = await rounds.round(teller)
    assert (found.restored_at, found.position, found.missing) == (None, 8, 0)


async def test_a_log_that_begins_anew_is_another(world_of_databases: World):
    """The teller's database is lost, and made empty."""
    teller, hearer, case = await world_of_databases.numbers("teller"), await world_of_databases.numbers(), uuid7()
    async with working(teller.relay.run(), hearer.inbox.run(hearer.broker)):
        await teller.tell(case, 1, 2)
        await heard(hearer, case, [1, 2])
        await all_sent(teller)
        await consuming(hearer)
        await Rounds.of(hearer, teller).round(teller)
    empty = await world_of_databases.numbers("teller")
    found = await Rounds.of(hearer, empty).round(empty, before_the_queue=True)
    assert (found.restored_at is not None, found.position, found.forgotten) == (True, 0, 2)


async def test_an_alarm_that_was_accepted_does_not_come_back_with_a_round_that_began_before(
    world_of_databases: World, backup: Backups
):
    teller, hearer, rounds = await restored_teller(world_of_databases, backup, uuid7())
    found = await rounds.round(teller, before_the_queue=True)
    async with hearer.database.writing() as connection:
        await accept(connection, [found.source])
    await keep(hearer.database, found, restored=False)
    async with hearer.database.reading() as connection:
        assert faults_of(await watermarks(connection)) is None

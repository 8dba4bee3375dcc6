"""The unit of work: what is locked, seen, changed and told, and that nothing is half done."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from shared import tables
from shared.caller import Caller
from shared.envelope import LARGEST
from shared.errors import NotFound
from shared.events import Event
from shared.ids import uuid7
from shared.outbox import StreamNotLocked, TooLarge
from shared.testing.numbers import Numbers, NumberTold, Tally
from shared.testing.world import World
from shared.uow import NotInThePast, NotYourMove, UnitOfWork


def caller(party: str, organisation: str = "here") -> Caller:
    return Caller(organisation, party, f"{party}-1", f"{organisation}-{party}", frozenset())


async def tally(numbers: Numbers, *, acts: str = "clinic", sees: str = "school") -> UUID:
    id_ = uuid7()
    async with numbers.database.transaction() as uow:
        await uow.lock(id_)
        uow.add(Tally(id=id_, case_id=id_, home="here", changed_at=uow.now))
        uow.grant(id_, [("here", sees)], acts=[("here", acts)])
    return id_


def told(numbers: Numbers, case: UUID, n: int, uow: UnitOfWork) -> NumberTold:
    return NumberTold(case_id=case, home=numbers.database.whoami.organisation, time=uow.now, n=n)


async def test_nothing_is_told_or_changed_of_a_stream_that_is_not_held(world_of_databases: World):
    numbers = await world_of_databases.numbers()
    case = uuid7()
    async with numbers.database.transaction() as uow:
        with pytest.raises(StreamNotLocked):
            uow.emit(told(numbers, case, 1, uow))
        with pytest.raises(StreamNotLocked):
            uow.add(Tally(id=case, case_id=case, home="here", changed_at=uow.now))


async def test_what_is_told_is_numbered_within_its_stream(world_of_databases: World):
    numbers = await world_of_databases.numbers()
    one, other = uuid7(), uuid7()
    await numbers.tell(one, 1, 2)
    await numbers.tell(other, 3)
    await numbers.tell(one, 4)
    rows = [(row.stream, row.sequence) for row in await numbers.rows(tables.event)]
    assert rows == [(one, 1), (one, 2), (other, 1), (one, 3)]


async def test_a_use_case_that_fails_leaves_nothing(world_of_databases: World):
    numbers = await world_of_databases.numbers()
    case = uuid7()

    async def fail() -> None:
        async with numbers.database.transaction() as uow:
            await uow.lock(case)
            uow.add(Tally(id=case, case_id=case, home="here", changed_at=uow.now))
            uow.emit(told(numbers, case, 1, uow))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    for table in (tables.event, tables.stream):
        assert await numbers.rows(table) == []
    assert await numbers.seen(case) == []


class NumberSpelled(Event, type="number.spelled"):
    """A number in words."""

    words: str


async def test_nothing_is_told_that_no_receiver_would_take(world_of_databases: World):
    numbers, case = await world_of_databases.numbers(), uuid7()

    async def spell(length: int) -> None:
        async with numbers.database.transaction() as uow:
            await uow.lock(case)
            uow.emit(NumberSpelled(case_id=case, home="here", time=uow.now, words="x" * length))

    await spell(LARGEST - 1000)
    with pytest.raises(TooLarge):
        await spell(LARGEST)
    assert len(await numbers.rows(tables.event)) == 1


async def test_tellers_of_one_stream_take_turns(world_of_databases: World):
    numbers = await world_of_databases.numbers()
    case = uuid7()
    await asyncio.gather(*(numbers.tell(case, n) for n in range(10)))
    assert [row.sequence for row in await numbers.rows(tables.event)] == list(range(1, 11))


async def test_streams_are_locked_in_one_order_whatever_is_asked(world_of_databases: World):
    """Else two who hold one each would wait for the other."""
    numbers = await world_of_databases.numbers()
    cases = [uuid7() for _ in range(5)]

    async def both(ids: list[UUID]) -> None:
        async with numbers.database.transaction() as uow:
            await uow.lock(*ids)
            assert uow.streams == set(ids)

    await asyncio.gather(*(both(cases if n % 2 else cases[::-1]) for n in range(8)))


async def test_each_sees_what_it_has_a_part_in(world_of_databases: World):
    numbers = await world_of_databases.numbers()
    id_ = await tally(numbers)
    for who, seen in (("clinic", True), ("school", True), ("shelter", False)):
        async with numbers.database.transaction(caller=caller(who), writes=False) as uow:
            assert (await uow.find(Tally, id_) is not None) == seen
            visible = uow.visible(select(func.count()).select_from(Tally), Tally.id)
            assert await uow.session.scalar(visible) == int(seen)
    async with numbers.database.transaction(caller=caller("clinic", "there"), writes=False) as uow:
        with pytest.raises(NotFound):
            await uow.get(Tally, id_)


async def test_each_changes_what_it_may_move(world_of_databases: World):
    numbers = await world_of_databases.numbers()
    id_ = await tally(numbers)
    async with numbers.database.transaction(caller=caller("clinic")) as uow:
        assert (await uow.get(Tally, id_)).id == id_
        assert uow.streams == {id_}
    async with numbers.database.transaction(caller=caller("school")) as uow:
        with pytest.raises(NotYourMove):
            await uow.get(Tally, id_)
    async with numbers.database.transaction(caller=caller("shelter")) as uow:
        with pytest.raises(NotFound):
            await uow.get(Tally, id_)


async def test_the_platform_s_own_work_sees_all(world_of_databases: World):
    numbers = await world_of_databases.numbers()
    id_ = await tally(numbers)
    async with numbers.database.transaction() as uow:
        assert await uow.find(Tally, id_) is not None


async def test_a_row_is_read_after_its_lock_is_held(world_of_databases: World):
    """Who waited for the lock sees what the other made of the row."""
    numbers = await world_of_databases.numbers()
    id_ = await tally(numbers)

    async def count() -> None:
        async with numbers.database.transaction() as uow:
            row = await uow.get(Tally, id_)
            row.seen += f"{len(row.seen.split())} "
            row.changed(uow.now)

    await asyncio.gather(*(count() for _ in range(6)))
    assert await numbers.seen(id_) == list(range(6))


async def test_a_part_is_given_once_and_not_taken_back_by_a_lesser_one(world_of_databases: World):
    numbers = await world_of_databases.numbers()
    id_ = await tally(numbers)
    async with numbers.database.transaction() as uow:
        uow.grant(id_, [("here", "clinic"), ("here", "shelter"), ("here", "shelter")], acts=[])
        uow.grant(id_, [], acts=[])
    rows = {row.party: row.acts for row in await numbers.rows(tables.part)}
    assert rows == {"clinic": True, "school": False, "shelter": False}


async def test_what_happened_is_not_in_the_future(world_of_databases: World):
    numbers = await world_of_databases.numbers()
    async with numbers.database.transaction() as uow:
        earlier = uow.now - timedelta(days=30)
        assert uow.happened(None) == uow.now
        assert uow.happened(earlier) == earlier
        assert uow.happened(uow.now + timedelta(seconds=29)) == uow.now
        with pytest.raises(NotInThePast):
            uow.happened(uow.now + timedelta(seconds=31))


async def test_a_row_loaded_for_a_batch_is_taken_only_where_its_stream_is_held(world_of_databases: World):
    """The id came in an event of another stream: who uses the row has to lock its own."""
    numbers = await world_of_databases.numbers()
    id_, other = await tally(numbers), uuid7()
    async with numbers.database.transaction() as uow:
        await uow.lock(other)
        await uow.load(Tally, [id_])
        assert uow.streams == {other}
        assert await uow.find(Tally, id_) is not None
        assert uow.streams == {id_, other}


async def test_a_part_in_one_thing_shows_no_other(world_of_databases: World):
    numbers = await world_of_databases.numbers()
    mine, others = await tally(numbers, acts="shelter"), await tally(numbers)
    async with numbers.database.transaction(caller=caller("shelter"), writes=False) as uow:
        assert await uow.find(Tally, mine) is not None
        assert await uow.find(Tally, others) is None
        assert [*await uow.session.scalars(uow.visible(select(col(Tally.id)), col(Tally.id)))] == [mine]
    async with numbers.database.transaction(caller=caller("shelter")) as uow:
        with pytest.raises(NotFound):
            await uow.get(Tally, others)


async def test_a_row_that_was_read_without_its_lock_is_read_again_with_it(postgres_world: World):
    """Another transaction changed it in between."""
    numbers = await postgres_world.numbers()
    id_, other = await tally(numbers), uuid7()
    async with numbers.database.transaction() as uow:
        await uow.lock(other)
        looked = await uow.session.get(Tally, id_)
        assert looked is not None
        assert looked.seen == ""
        async with numbers.database.transaction() as another:
            (await another.get(Tally, id_)).seen = "1 "
        found = await uow.get(Tally, id_)
        assert found.seen == "1 "

"""What a transaction writes at its end: every type of column, conflicts, removals, and the order of numbers."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from shared import tables
from shared.caller import Caller
from shared.ids import uuid7
from shared.outbox import EVENTS, STREAMS
from shared.testing.numbers import Tally
from shared.testing.world import World
from shared.timers import clear_timer, set_timer
from shared.uow import PARTS
from shared.writes import Into, insert_rows

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
ANSWERS = Into(tables.idempotency, key=("scope",))


def event(stream: UUID, sequence: int, **more: Any) -> dict[str, Any]:
    row = {
        "id": uuid7(),
        "stream": stream,
        "sequence": sequence,
        "type": "se.samspar.lamp.lit.v1",
        "time": NOW,
        "recorded": NOW,
        "case_id": None,
        "home": "here",
        "addressee": None,
        "audience": frozenset({"here", "there"}),
        "causation": None,
        "traceparent": None,
        "body": b'{"n": "\xc3\xa5"}',
    }
    return row | more


async def test_each_type_of_column_comes_back_as_it_was_put(world_of_databases: World):
    numbers = await world_of_databases.numbers()
    told, answer = event(uuid7(), 1, case_id=uuid7()), {"location": "/things/å", "etag": '"1"'}
    async with numbers.database.transaction() as uow:
        uow.put(EVENTS, told)
        row = {"scope": b"\x00k", "body_hash": b"h", "status": 201, "headers": answer, "body": b"", "stored": NOW}
        uow.put(ANSWERS, row)
        uow.put(PARTS, {"thing": told["id"], "organisation": "here", "party": "clinic", "acts": True})
    (found,) = await numbers.rows(tables.event)
    assert {name: getattr(found, name) for name in told} == told
    (stored,) = await numbers.rows(tables.idempotency)
    assert (stored.scope, stored.headers, stored.stored) == (b"\x00k", answer, NOW)
    (part,) = await numbers.rows(tables.part)
    assert (part.thing, part.acts) == (told["id"], True)


async def test_numbers_follow_the_order_of_telling(world_of_databases: World):
    numbers, stream = await world_of_databases.numbers(), uuid7()
    rows = [event(stream, n) for n in range(1, 301)]
    rows.sort(key=lambda row: row["id"].int % 7)
    async with numbers.database.transaction() as uow:
        for row in rows:
            uow.put(EVENTS, row)
    found = await numbers.rows(tables.event)
    assert [row.id for row in sorted(found, key=lambda row: row.seq)] == [row["id"] for row in rows]


async def test_of_two_rows_with_a_key_the_table_says_which_stays(world_of_databases: World):
    numbers, stream, thing = await world_of_databases.numbers(), uuid7(), uuid7()
    for sequence in (1, 2):
        async with numbers.database.transaction() as uow:
            uow.put(STREAMS, {"id": stream, "sequence": sequence})
            uow.put(STREAMS, {"id": stream, "sequence": sequence * 10})
            for acts in (sequence == 1, False):
                uow.put(PARTS, {"thing": thing, "organisation": "here", "party": "clinic", "acts": acts})
    assert [row.sequence for row in await numbers.rows(tables.stream)] == [20]
    assert [row.acts for row in await numbers.rows(tables.part)] == [True]


async def test_two_rows_where_two_are_an_error(world_of_databases: World):
    numbers, told = await world_of_databases.numbers(), event(uuid7(), 1)

    async def put(*rows: tuple[Into, dict[str, Any]]) -> None:
        async with numbers.database.transaction() as uow:
            for into, row in rows:
                uow.put(into, row)

    with pytest.raises(ValueError, match="two rows of event"):
        await put((EVENTS, told), (EVENTS, told))
    await put((EVENTS, told))
    with pytest.raises(IntegrityError):
        await put((STREAMS, {"id": uuid7(), "sequence": 1}), (EVENTS, told))
    assert (len(await numbers.rows(tables.event)), await numbers.rows(tables.stream)) == (1, [])


async def test_a_timer_is_set_moved_and_cleared_in_any_order(world_of_databases: World):
    numbers, stream = await world_of_databases.numbers(), uuid7()

    async def due() -> dict[str, datetime]:
        return {row.key: row.due for row in await numbers.rows(tables.timer)}

    async with numbers.database.transaction() as uow:
        for key in ("set", "moved", "cleared"):
            set_timer(uow, "any", stream=stream, key=key, due=NOW)
        clear_timer(uow, "any", stream=stream, key="cleared")
        clear_timer(uow, "any", stream=stream, key="never there")
    assert await due() == {"set": NOW, "moved": NOW}
    later = NOW + timedelta(days=1)
    async with numbers.database.transaction() as uow:
        clear_timer(uow, "any", stream=stream, key="set")
        set_timer(uow, "any", stream=stream, key="moved", due=later)
        clear_timer(uow, "other", stream=stream, key="moved")
        clear_timer(uow, "any", stream=stream, key="cleared")
        set_timer(uow, "any", stream=stream, key="cleared", due=later)
    assert await due() == {"moved": later, "cleared": later}
    assert len(await numbers.rows(tables.timer)) == 2


async def test_rows_inserted_at_once_say_which_are_new(world_of_databases: World):
    numbers = await world_of_databases.numbers()
    keys = Into(tables.inbox, key=("source", "id"), updates=())
    rows = [{"source": 1, "id": uuid7(), "hash": b"h"} for _ in range(3)]
    async with numbers.database.transaction() as uow:
        connection = await uow.session.connection()
        assert await insert_rows(connection, keys, [], "id") == []
        first = await insert_rows(connection, keys, rows[:2], "source", "id")
        again = await insert_rows(connection, keys, rows, "id")
    assert [(row.source, row.id) for row in first] == [(1, row["id"]) for row in rows[:2]]
    assert [row.id for row in again] == [rows[2]["id"]]


async def test_what_a_caller_was_given_a_part_in_it_finds(world_of_databases: World):
    """What is pending is written before anything is looked for in a caller's name."""
    numbers, id_ = await world_of_databases.numbers(), uuid7()
    async with numbers.database.transaction() as uow:
        uow.open(id_)
        uow.add(Tally(id=id_, case_id=id_, home="here", changed_at=uow.now))
    clinic = ("here", "clinic")
    async with numbers.database.transaction(caller=Caller(*clinic, "c", "c", frozenset())) as uow:
        uow.grant(id_, [clinic], acts=[clinic])
        assert (await uow.get(Tally, id_)).id == id_

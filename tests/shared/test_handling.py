"""Handlers of a batch: what each tells names what it heard."""

from uuid import UUID

from shared import tables
from shared.ids import uuid7
from shared.testing.numbers import number
from shared.testing.world import World


async def test_what_each_handler_of_a_batch_tells_names_its_own_cause(world_of_databases: World):
    world, cases = world_of_databases, [uuid7() for _ in range(3)]
    hearer = await world.numbers()
    hearer.echoes = True
    heard = [number(world.here, case, n) for n, case in enumerate(cases)]
    await hearer.inbox.take(heard)
    told = {row.stream: row.causation for row in await hearer.rows(tables.event)}
    assert told == {case: UUID(message.id) for case, message in zip(cases, heard, strict=True)}


async def test_what_nobody_caused_names_no_cause(world_of_databases: World):
    world, case = world_of_databases, uuid7()
    hearer = await world.numbers()
    await hearer.inbox.take([number(world.here, case, 1)])
    await hearer.tell(case, 2)
    assert [row.causation for row in await hearer.rows(tables.event)] == [None]

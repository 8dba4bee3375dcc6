"""Thousands of fuzzed messages among as many good ones, each of which has its one effect, in order of its stream."""

import gc
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from shared import tables
from shared.broker.protocol import Message
from shared.envelope import Envelope
from shared.errors import Fault
from shared.ids import uuid7
from shared.inbox import Delivery
from shared.reconciling.keys import lacking
from shared.testing.numbers import Numbers, Tally, number, until, working
from shared.testing.poison import (
    BURIED,
    CANARY,
    PARKED,
    TAG,
    Fate,
    Fuzzed,
    fuzzed,
    some_id,
    tagged,
    told_again,
    told_otherwise,
)
from shared.testing.world import World

CHUNK = 400
WHERE = pytest.mark.parametrize("world", ["sqlite+bus", "postgres+rabbitmq"], indirect=True)


@dataclass
class Flood:
    """Good and bad messages in the order in which they are sent, and what must come of them."""

    here: str
    dice: Random
    sent: list[tuple[str, Message]] = field(default_factory=list[tuple[str, Message]])
    meant: dict[UUID, list[int]] = field(default_factory=dict[UUID, list[int]])
    bad: dict[str, Fuzzed] = field(default_factory=dict[str, Fuzzed])
    twins: set[str] = field(default_factory=set[str])
    behind: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    """The event that stands behind one that is parked, by its stream."""

    @classmethod
    def of(cls, here: str, seed: int, size: int, streams: int) -> "Flood":
        flood = cls(here, Random(seed))
        cases = [some_id(flood.dice) for _ in range(streams)]
        flood.meant = {case: [] for case in cases}
        for n, is_good in enumerate(flood.dice.sample([True, False] * size, 2 * size)):
            if is_good:
                flood._good(flood.dice.choice(cases), n)
            else:
                flood._bad(cases, n)
        return flood

    def _good(self, case: UUID, n: int) -> None:
        message = number(self.here, case, n, id_=some_id(self.dice))
        self.meant[case].append(n)
        self.sent.append(("teller", message))
        if not n % 20:
            self.sent.append(("teller", told_again(message)))
        if not n % 25:
            self.twins.add(twin := f"twin of {n}")
            other = told_otherwise(message)
            self.sent.append(("teller", tagged(other, twin)))

    def _bad(self, cases: Sequence[UUID], n: int) -> None:
        bad = fuzzed(self.dice, self.here, cases, n)
        self.bad[str(n)] = bad
        self.sent.append((bad.by, bad.message))
        if bad.kind.may == PARKED and self.dice.random() < 0.25:
            follower = number(self.here, bad.stream, 10**6 + n + 1, id_=some_id(self.dice))
            self.behind[bad.stream] = UUID(follower.id)
            self.sent.append(("teller", follower))

    async def pour(self, world: World, hearer: Numbers) -> None:
        """Sends it all, in order, while the service is at work, and waits until nothing is left in the queue."""
        async with working(hearer.inbox.run(hearer.broker)):

            async def consumes() -> bool:
                return hearer.inbox.consuming

            await until(consumes)
            for first in range(0, len(self.sent), CHUNK):
                await self._send(world, self.sent[first : first + CHUNK])
                await until(lambda: all_read(hearer), seconds=120)
            assert "consuming" not in hearer.flow.faults()

    async def _send(self, world: World, some: Sequence[tuple[str, Message]]) -> None:
        for by in ("teller", "hearer"):
            if mine := [message for sender, message in some if sender == by]:
                await world.send(*mine, by=by)


async def all_read(hearer: Numbers) -> bool:
    return await hearer.inbox.unread() == 0


async def tallies(hearer: Numbers) -> dict[UUID, list[str]]:
    """What each case has seen, in order, as it stands."""
    query = select(col(Tally.id), col(Tally.seen))
    async with hearer.database.reading() as connection:
        return {id_: seen.split() for id_, seen in await connection.execute(query)}


def fates(bad: Fuzzed, rows: Sequence[Any], seen: dict[UUID, list[str]]) -> list[Fate]:
    """Everything that became of it."""
    found = [Fate.BURIED if row.source == "" else Fate.PARKED for row in rows]
    if bad.stream in seen and bad.kind.may != BURIED:
        found += [Fate.HANDLED] * len(seen[bad.stream])
    return found or [Fate.IGNORED]


async def check(flood: Flood, hearer: Numbers) -> None:
    seen, parked = await tallies(hearer), await hearer.rows(tables.parked)
    assert {case: seen.get(case, []) for case in flood.meant} == {
        case: [str(n) for n in numbers] for case, numbers in flood.meant.items()
    }
    of_tag: dict[str | None, list[Any]] = {}
    for row in parked:
        of_tag.setdefault(row.headers.get(TAG), []).append(row)
    for tag, bad in flood.bad.items():
        became = fates(bad, of_tag.pop(tag, []), seen)
        assert len(became) == 1, (bad.kind.name, became)
        assert became[0] in bad.kind.may, (bad.kind.name, became)
    for twin in flood.twins:
        (row,) = of_tag.pop(twin)
        assert "other-content" in row.last_error
    behind = of_tag.pop(None, [])
    assert {(row.stream, row.event_id) for row in behind} == set(flood.behind.items())
    assert {(row.state, row.cause) for row in behind} <= {("behind", "waiting")}
    assert not of_tag
    assert {row.cause for row in parked} <= {str(fault) for fault in Fault}
    assert {row.state for row in parked if row not in behind} <= {"dead"}


def quiet_about_persons(text: str) -> bool:
    return not any(word in text for word in CANARY.split())


async def drowned(world: World, caplog: pytest.LogCaptureFixture, *, size: int, streams: int, seed: int) -> None:
    caplog.set_level(logging.INFO, "shared")
    hearer, flood = await world.numbers(), Flood.of(world.here, seed, size, streams)
    await flood.pour(world, hearer)
    await check(flood, hearer)
    rows = await hearer.rows(tables.parked)
    assert all(quiet_about_persons(f"{row.first_error} {row.last_error} {row.type} {row.source}") for row in rows)
    assert quiet_about_persons(caplog.text)
    assert kept(Envelope, Delivery) <= 4, "what was read is kept in memory"
    keys, seen = await hearer.rows(tables.inbox), await tallies(hearer)
    await flood.pour(world, hearer)
    assert (await hearer.rows(tables.inbox), await tallies(hearer)) == (keys, seen)
    assert await hearer.rows(tables.parked) == rows
    async with hearer.database.reading() as connection:
        nobody_s = uuid7()
        assert await lacking(connection, f"/{world.here}/teller", [nobody_s]) == [nobody_s]


def kept(*kinds: type) -> int:
    """How many there are of these now."""
    gc.collect()
    return sum(isinstance(each, kinds) for each in gc.get_objects())


@WHERE
async def test_five_hundred_fuzzed_messages_among_as_many_good_ones(world: World, caplog: pytest.LogCaptureFixture):
    await drowned(world, caplog, size=500, streams=25, seed=1)


@WHERE
@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_ten_thousand_fuzzed_messages_among_as_many_good_ones(world: World, caplog: pytest.LogCaptureFixture):
    await drowned(world, caplog, size=10_000, streams=500, seed=2)

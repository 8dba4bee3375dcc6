"""Three services that tell of two cases and one that hears, step by step, beside a model; for tests of order."""

import asyncio
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import event as on_event
from sqlalchemy import update

from shared import tables
from shared.broker.protocol import Message
from shared.db import CommitUnknown
from shared.deadletters.resolving import replay_one, skip
from shared.resolutions import ReplayReason, SkipReason
from shared.uow import UnitOfWork

from .numbers import Broken, Numbers, NumberTold, opened
from .wires import Wires, sent_by
from .world import two_parties

HERE, THERE = "here", "there"
PARTIES = two_parties(HERE, THERE)
SOURCES = {"own": (HERE, "teller"), "other": (HERE, "hearer"), "foreign": (THERE, "hearer")}
CASES = [UUID(int=n, version=4) for n in (1, 2)]
TEMPLATE = "template"
ROUNDS = 50
Stream = tuple[str, UUID]


@dataclass
class Model:
    """What was told, in the order of the commits, and what an operator took away; nothing else is known for certain."""

    told: dict[Stream, list[int]] = field(
        default_factory=lambda: {(source, case): list[int]() for source in SOURCES for case in CASES}
    )
    needs: dict[int, int] = field(default_factory=dict[int, int])
    skipped: set[int] = field(default_factory=set[int])
    taken: set[int] = field(default_factory=set[int])
    last: int = 0

    def next(self, count: int) -> list[int]:
        self.last += count
        return [*range(self.last - count + 1, self.last + 1)]

    def due(self, stream: Stream) -> list[int]:
        """The order in which they shall be handled, each once."""
        return [n for n in self.told[stream] if n not in self.skipped]

    def of_case(self, case: UUID) -> set[int]:
        return {n for (_, of), numbers in self.told.items() if of == case for n in numbers}


class Play:
    """The services with their databases in a directory, where `TEMPLATE` is a database with the tables."""

    def __init__(self, directory: Path) -> None:
        self.model, self.directory = Model(), directory
        self.wires: dict[Stream, list[Message]] = {stream: [] for stream in self.model.told}
        self.delivered: list[Message] = []
        self.tellers = {name: self._service(name, *who) for name, who in SOURCES.items()}
        self.hearer = self._service("hears", HERE, "hearer")

    def _service(self, name: str, organisation: str, service: str, *, anew: bool = True) -> Numbers:
        file = self.directory / f"{name}.db"
        if anew:
            for old in self.directory.glob(f"{name}.db*"):
                old.unlink()
            shutil.copyfile(self.directory / TEMPLATE, file)
        database = opened(f"sqlite:///{file}", organisation, service)
        on_event.listen(database.engine.sync_engine, "connect", _without_waiting_for_the_disk)
        return Numbers(f"sqlite:///{file}", database, Wires(Random(0)), PARTIES)

    async def restart(self) -> None:
        """What is parked stays, and so do the keys."""
        breaks = self.hearer.breaks
        await self.hearer.database.close()
        self.hearer = self._service("hears", HERE, "hearer", anew=False)
        self.hearer.breaks = breaks
        await self.hearer.retries.understand()

    async def close(self) -> None:
        for service in (*self.tellers.values(), self.hearer):
            await service.database.close()

    async def tell(
        self,
        source: str,
        case: UUID,
        numbers: Sequence[int],
        *,
        gate: asyncio.Event | None = None,
        breaks: bool = False,
    ) -> None:
        """One transaction, which goes on when the gate is open, and may break before it commits."""
        with suppress(Broken):
            async with self.tellers[source].database.transaction() as uow:
                await uow.lock(case)
                for n in numbers:
                    needs = self.model.needs.get(n)
                    uow.emit(NumberTold(case_id=case, home=HERE, time=uow.now, n=n, needs=needs))
                if gate is not None:
                    await gate.wait()
                if breaks:
                    raise Broken
            self.model.told[source, case] += numbers

    async def send(self, source: str, wires: Wires) -> None:
        """What arrives lies on the wire of its stream until it is delivered."""
        for message in await sent_by(self.tellers[source], wires):
            self.wires[source, UUID(message.headers["ce-partitionkey"])].append(message)

    async def deliver(self, counts: dict[Stream, int], old: Sequence[Message], dice: Random, ends: str) -> None:
        """That many from each wire, mixed, with what was delivered before among it. `ends`: as `take`."""
        turns = [stream for stream, count in counts.items() for _ in range(count)]
        dice.shuffle(turns)
        each = {stream: iter(wire) for stream, wire in self.wires.items()}
        batch = [next(each[stream]) for stream in turns]
        for message in old:
            batch.insert(dice.randint(0, len(batch)), message)
        await self.take(batch, dice, ends)
        if ends in ("acked", "twice at once"):
            for stream, count in counts.items():
                self.delivered += self.wires[stream][:count]
                del self.wires[stream][:count]

    async def take(self, batch: Sequence[Message], dice: Random, ends: str) -> None:
        """`cut`: where one of the batch is handled, the answer to the commit is lost. What was stopped stands still."""
        numbers = {number_in(message) for message in batch}
        stopped = {row.stream for row in await self.hearer.rows(tables.parked, tables.parked.c.holds == "stream")}
        fresh, broken = numbers - self.model.taken, dict(self.hearer.breaks)
        if ends == "cut" and numbers:
            self.hearer.breaks[dice.choice(sorted(numbers))] = cut
        with suppress(CommitUnknown):
            await asyncio.gather(*[self.hearer.inbox.take(batch) for _ in range(1 + (ends == "twice at once"))])
            self.model.taken |= numbers
        self.hearer.breaks = broken
        for case in stopped:
            assert not fresh & {*await self.hearer.seen(case)}, "a stopped case went on"

    async def try_again(self, *, passes: bool) -> None:
        """A round of retries, at once, or when all the pauses are over."""
        if passes:
            async with self.hearer.database.writing() as connection:
                paused, now = tables.parked.c.next_at.is_not(None), self.hearer.parking.clock.now()
                await connection.execute(update(tables.parked).where(paused).values(next_at=now))
        await self.hearer.retries.try_due()

    async def left(self) -> set[int]:
        """What was told and is not handled."""
        done = {n for case in CASES for n in await self.hearer.seen(case)}
        return {n for stream in self.model.told for n in self.model.due(stream)} - done

    async def dead(self) -> list[Any]:
        return await self.hearer.rows(tables.parked, tables.parked.c.state == "dead")

    async def resolve(self, letter: Any, *, skips: bool) -> None:
        """What another fact needs is not skipped."""
        n = json.loads(letter.body)["n"]
        async with self.hearer.database.transaction() as uow:
            if skips and n not in self.model.needs.values():
                await skip(uow, self.hearer.retries, letter.seq, SkipReason.DONE_BY_HAND)
                self.model.skipped.add(n)
            else:
                await replay_one(uow, self.hearer.retries, letter.seq, ReplayReason.REPAIRED)

    async def check(self) -> None:
        """Of each stream what is handled is the first of what was told, in order; all else is parked, and only that."""
        parked = [json.loads(row.body)["n"] for row in await self.hearer.rows(tables.parked)]
        done: set[int] = set()
        for case in CASES:
            seen = await self.hearer.seen(case)
            for source in SOURCES:
                mine = [n for n in seen if n in self.model.told[source, case]]
                assert mine == self.model.due((source, case))[: len(mine)], "not in the order of the commits"
            assert set(seen) <= self.model.of_case(case), "what was never told has an effect"
            done |= set(seen)
        assert len(parked) == len(set(parked)), "parked twice"
        assert not done & set(parked), "parked, and handled all the same"
        assert self.model.taken <= done | set(parked) | self.model.skipped, "lost"

    async def check_told(self) -> None:
        """Numbers of streams and positions of logs have no gap."""
        for source, teller in self.tellers.items():
            rows = await teller.rows(tables.event)
            for case in CASES:
                mine = [row for row in rows if row.stream == case]
                assert [json.loads(row.body)["n"] for row in mine] == self.model.told[source, case]
                assert [row.sequence for row in mine] == [*range(1, len(mine) + 1)]
            positions = [row.position for row in rows if row.position is not None]
            assert positions == [*range(1, len(positions) + 1)]
            assert all(row.position is None for row in rows[len(positions) :])

    async def end(self) -> None:
        """All is mended, sent and delivered: then nothing is left over, and all of it once more changes nothing."""
        self.hearer.breaks.clear()
        for source in SOURCES:
            await self.send(source, Wires(Random(0)))
        await self.deliver({stream: len(wire) for stream, wire in self.wires.items()}, [], Random(0), "acked")
        for _ in range(ROUNDS):
            for letter in await self.dead():
                await self.resolve(letter, skips=False)
            await self.try_again(passes=True)
            if not await self.hearer.states():
                break
        await self.check()
        assert await self.hearer.states() == [], "it waits for ever"
        before = [await self.hearer.seen(case) for case in CASES]
        assert {n for seen in before for n in seen} == {n for each in self.model.told for n in self.model.due(each)}
        await self.take(Random(0).sample(self.delivered, len(self.delivered)), Random(0), "acked")
        assert ([await self.hearer.seen(case) for case in CASES], await self.hearer.states()) == (before, [])


async def cut(_: UnitOfWork) -> None:
    raise CommitUnknown


def number_in(message: Message) -> int:
    return json.loads(message.body)["n"]


def _without_waiting_for_the_disk(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")

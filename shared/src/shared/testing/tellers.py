"""Tellers in reach of a test: what they would answer over HTTP, without the way there."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from shared import tables
from shared.feed import Again, Told, ToldAgain, told, told_again
from shared.ids import uuid7
from shared.inbox import Inbox
from shared.inbox.admission import KEYS
from shared.partners import PartnerAway
from shared.reconciling import Reconciler, Source, Wanted, Watermark, sources_of
from shared.writes import insert_rows

from .numbers import TYPE, Numbers, until, working
from .world import World


@dataclass
class Nearby:
    """Asks as the organisation `asker`. `forged`: what becomes of an answer on its way; `asked`: how often."""

    asker: str
    known: dict[str, Numbers] = field(default_factory=dict[str, Numbers])
    forged: Callable[[list[Again]], list[Again]] = list[Again]
    asked: int = 0

    async def told(self, source: Source, *, after: int, mark: str | None, until: int | None = None) -> Told:
        teller = self._teller(source)
        self.asked += 1
        own = source.organisation == self.asker
        forwarded = not own and not source.by_feed
        async with teller.database.reading() as connection:
            return await told(
                connection, self.asker, forwarded=forwarded, after=after, mark=mark, until=until, facts=source.facts
            )

    async def again(self, source: Source, ids: Sequence[UUID]) -> ToldAgain:
        teller = self._teller(source)
        async with teller.database.reading() as connection:
            answer = await told_again(connection, self.asker, ids, teller.database.whoami)
        return ToldAgain(items=self.forged(answer.items))

    def _teller(self, source: Source) -> Numbers:
        if source.name not in self.known:
            raise PartnerAway("Try again shortly.", organisation=source.organisation, service=source.service)
        return self.known[source.name]


@dataclass
class Rounds:
    """The reconciler of a hearer, whose rounds the test asks for."""

    hearer: Numbers
    nearby: Nearby
    reconciler: Reconciler

    @classmethod
    def of(cls, hearer: Numbers, *tellers: Numbers) -> "Rounds":
        whoami, inbox = hearer.database.whoami, hearer.inbox
        nearby = Nearby(whoami.organisation, {each.database.whoami.source: each for each in tellers})
        return cls(hearer, nearby, reconciler_of(hearer, inbox, nearby))

    async def round(self, teller: Numbers, *, before_the_queue: bool = False, **how: bool) -> Watermark:
        """One round; what it found of that teller."""
        found = await self.reconciler.round(Wanted(uuid7(), **how), before_the_queue=before_the_queue)
        return next(each for each in found if each.source == teller.database.whoami.source)


def reconciler_of(hearer: Numbers, inbox: Inbox, nearby: Nearby) -> Reconciler:
    sources = sources_of(hearer.database.whoami, hearer.parties, inbox.subscriptions)
    return Reconciler(inbox, nearby, sources, hearer.flow, 0)


async def heard(hearer: Numbers, case: UUID, numbers: Sequence[int]) -> None:
    async def as_expected() -> bool:
        return await hearer.seen(case) == list(numbers)

    await until(as_expected)


async def all_sent(teller: Numbers) -> None:
    async def sent() -> bool:
        return None not in await teller.positions()

    await until(sent)


@asynccontextmanager
async def unheard(world: World, teller: Numbers) -> AsyncGenerator[None]:
    """The teller tells while a service with another database reads the hearer's queue: nothing comes to the hearer."""
    thief = await world.numbers()
    async with working(teller.relay.run(), thief.inbox.run(thief.broker)):
        await consuming(thief)
        yield
        await all_sent(teller)

        async def read() -> bool:
            return await thief.inbox.unread() == 0

        await until(read)


async def consuming(hearer: Numbers) -> None:
    async def reads() -> bool:
        return hearer.inbox.consuming

    await until(reads)


async def told_before(teller: Numbers, count: int) -> list[UUID]:
    """Events that were told long ago, each of a case of its own."""
    ids = [uuid7() for _ in range(count)]
    own, now = teller.database.whoami.organisation, datetime.now(UTC)
    rows: list[dict[str, Any]] = [
        {
            "id": id_,
            "stream": id_,
            "sequence": 1,
            "type": TYPE,
            "time": now,
            "recorded": now,
            "case_id": id_,
            "home": own,
            "audience": frozenset({own}),
            "body": b'{"n":1}',
            "position": position,
        }
        for position, id_ in enumerate(ids, 1)
    ]
    async with teller.database.writing() as connection:
        for first in range(0, count, 1000):
            await connection.execute(insert(tables.event), rows[first : first + 1000])
    return ids


async def have(hearer: Numbers, teller: Numbers, ids: list[UUID]) -> None:
    """They were heard long ago."""
    async with hearer.database.writing() as connection:
        await connection.execute(insert(tables.source).values(number=1, name=teller.database.whoami.source))
        for first in range(0, len(ids), 1000):
            rows = [{"source": 1, "id": id_, "hash": b""} for id_ in ids[first : first + 1000]]
            await insert_rows(connection, KEYS, rows, "id")

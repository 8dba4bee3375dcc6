"""One source is compared with what came of it, page by page, and what was lost on the way is taken from its teller."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import UUID

from shared.clock import SystemClock
from shared.db import Database
from shared.envelope import from_message
from shared.feed import MOST, Told
from shared.inbox import Inbox
from shared.rights import Right

from .keys import count_of, lacking, slices
from .sources import Source
from .tellers import Tellers, believed
from .watermarks import Watermark, keep

log = logging.getLogger(__name__)

Settled = Callable[[], Awaitable[bool]]
"""Whether all that was in our queue when it was asked is stored."""


class Comparing:
    """One source in one round. `heals=False`: it is only found out what lacks, and the watermark stays."""

    def __init__(
        self, source: Source, mark: Watermark, inbox: Inbox, tellers: Tellers, right: Right, *, heals: bool
    ) -> None:
        self.source = source
        self.found = mark
        self.inbox = inbox
        self.database: Database = inbox.database
        self.tellers = tellers
        self.right = right
        self.heals = heals
        self.missing = 0
        self.restored = False
        self._stays = not heals
        self._settled: bool | None = None
        self._counted: int | None = 0 if not mark.position else None

    async def run(self, settled: Settled) -> Watermark:
        """Returns the watermark as it is kept now. Raises `Refused` where the teller does not answer."""
        self._mark(missing=0, ahead=0, fault=None)
        page = await self._first()
        end = page.last
        while True:
            await self._compare(page, settled)
            await self.right.prove()
            if page.upto >= end or self._settled is False:
                break
            page = await self.tellers.told(self.source, after=page.upto, mark=page.mark, until=end)
            if not page.same:
                self._mark(fault="LogRestored")
                break
        await self._count()
        self._mark(missing=self.missing)
        return self.found

    async def _first(self) -> Told:
        page = await self.tellers.told(self.source, after=self.found.position, mark=self.found.mark)
        if page.same:
            return page
        log.critical("%s was restored from a backup: it no longer knows what it told", self.source.name)
        self.restored = True
        self._mark(restored_at=SystemClock().now())
        self.found, self._counted = self.found.from_start(self.source), 0
        return await self.tellers.told(self.source, after=0, mark=None)

    async def _compare(self, page: Told, settled: Settled) -> None:
        ids = [item.id for item in page.items]
        left = await self._lacking(ids)
        if left and not await self._is_settled(settled):
            self._stays = True
            self._mark(fault="StillUnderWay")
        elif left:
            left = await self._lacking(left)
            if left and self.heals:
                left = await self._heal(left)
            self.missing += len(left)
            self._stays |= bool(left)
        if self._counted is not None:
            self._counted += len(ids) - len(left)
        if not self._stays and page.upto > self.found.position:
            self._mark(position=page.upto, mark=page.mark, compared=self.found.compared + len(ids))
            await keep(self.database, self.found, restored=self.restored)
        elif self._stays:
            self._mark(ahead=self.found.ahead + len(ids))

    async def _is_settled(self, settled: Settled) -> bool:
        """Asked once, after the teller said which positions its events have: those before are stored, or lost."""
        if self._settled is None:
            self._settled = self.source.by_feed or await settled()
        return self._settled

    async def _lacking(self, ids: Sequence[UUID]) -> list[UUID]:
        if not ids:
            return []
        async with self.database.reading() as connection:
            return await lacking(connection, self.source.name, ids)

    async def _heal(self, ids: Sequence[UUID]) -> list[UUID]:
        """Takes them in, in the order in which they were told. Returns those that are still lacking."""
        left: list[UUID] = []
        for some in slices(ids, MOST):
            open_ = list(some)
            while open_:
                answer = await self.tellers.again(self.source, open_)
                if not (messages := believed(self.source, open_, answer.items)):
                    break
                await self.inbox.take(messages)
                done = {from_message(message).id for message in messages}
                if not done & {*open_}:
                    break
                open_ = [id_ for id_ in open_ if id_ not in done]
            left += await self._lacking(some)
            await self.right.prove()
        healed = len(ids) - len(left)
        level = logging.INFO if self.source.by_feed else logging.ERROR
        log.log(level, "%d events of %s had not come and are taken from it now", healed, self.source.name)
        self._mark(healed=self.found.healed + healed)
        return left

    async def _count(self) -> None:
        """After all was compared: what was heard here and is told there no more."""
        if self._counted is None or self.found.restored_at is None or self._settled is False:
            return
        async with self.database.reading() as connection:
            known = await count_of(connection, self.source.name)
        self._mark(forgotten=max(0, known - self._counted))

    def _mark(self, **values: object) -> None:
        self.found = replace(self.found, **values)  # pyright: ignore[reportArgumentType] -- its own fields

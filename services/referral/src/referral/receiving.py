"""Receives the rows of booking documents, beside whatever else the service does."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from sqlmodel import col, select

from shared.db import FAULTS, CommitUnknown, again_on_deadlock, is_away
from shared.here import Here
from shared.uow import UnitOfWork

from .domain.documents import CHUNK, Document, Progress
from .usecases import documents
from .usecases.repertoire import Repertoire

T = TypeVar("T")

log = logging.getLogger(__name__)

LINE: Final = "receiving"
TICK: Final = 0.25
LOOK: Final = 2.0
AGAIN: Final = 5.0
BAD: Final = CHUNK
"""Rows of a document that may fail one after another until it is not they that are bad."""


async def work_off(repertoire: Repertoire, here: Here) -> None:
    """Until cancelled. What is to be done is in the rows, so a restart goes on where it was."""
    await Receiving(repertoire, here).run()


@dataclass
class Alone:
    """A document whose rows run one at a time: how many go well until they run together, how many just failed."""

    left: int = CHUNK
    failed: int = 0


class Receiving:
    """Some rows of each open document in turn, so that a large one holds back no other.

    Not a timer: timers log in as a role that may not know who a person is.
    """

    def __init__(self, repertoire: Repertoire, here: Here) -> None:
        self._repertoire = repertoire
        self._here = here
        self._later: dict[UUID, float] = {}
        self._alone: dict[UUID, Alone] = {}
        self._seen, self._looked = -1, 0.0
        here.flow.add(LINE)

    async def run(self) -> None:
        while True:
            went_on = False
            try:
                for document in await self._open():
                    went_on = await self._go_on(document) or went_on
                if not self._later:
                    self._here.flow.going(LINE)
            except (CommitUnknown, *FAULTS) as error:
                self._here.flow.stalled(LINE, error)
            if not went_on:
                await asyncio.sleep(TICK)

    async def _open(self) -> list[UUID]:
        """The database is asked if something was written here, or now and then: another process may have."""
        changes, now = self._here.database.changes, asyncio.get_running_loop().time()
        if changes == self._seen and now < self._looked + LOOK:
            return []
        self._looked = now
        self._later = {id_: until for id_, until in self._later.items() if until > now}
        query = select(Document.id).where(Document.status == Progress.WORKING, col(Document.id).not_in(self._later))
        async with self._here.database.reading() as connection:
            found = list(await connection.scalars(query.order_by(col(Document.id)).limit(100)))
        self._alone = {id_: each for id_, each in self._alone.items() if id_ in found or id_ in self._later}
        self._seen = -1 if found or self._later else changes
        return found

    async def _go_on(self, document: UUID) -> bool:
        """Some rows; where they fail, one at a time, and who fails alone as well is refused."""
        alone = self._alone.get(document)
        try:
            went_on = await self._within(partial(self._receive, document, CHUNK if alone is None else 1))
            if alone is not None:
                alone.left, alone.failed = alone.left - 1, 0
                if not alone.left:
                    del self._alone[document]
            return went_on
        except Exception as error:
            if is_away(error):
                raise
            log.error("rows of a booking document failed: %s", type(error).__name__)
            if alone is None:
                self._alone[document] = Alone()
                return True
            return await self._without(document, alone, error)

    async def _without(self, document: UUID, alone: Alone, error: Exception) -> bool:
        """Where row after row fails, it is not they that are bad: then the document waits, and the flow says so."""
        alone.failed += 1
        if alone.failed <= BAD:
            try:
                await self._within(partial(documents.give_up, vault=self._here.vault, document_id=document))
                return True
            except Exception as worse:
                if is_away(worse):
                    raise
                error = worse
        self._here.flow.stalled(LINE, error)
        self._later[document] = asyncio.get_running_loop().time() + AGAIN
        return False

    async def _receive(self, document: UUID, most: int, uow: UnitOfWork) -> bool:
        return await documents.go_on(uow, self._repertoire, self._here.vault, document, most=most)

    async def _within(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        async def once() -> T:
            async with self._here.database.transaction() as uow:
                return await work(uow)

        return await again_on_deadlock(once)

"""The reconciler: compares, every few minutes, what its sources told with what came, and takes what was lost."""

import asyncio
import logging
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from shared.broker.protocol import BrokerAway
from shared.db import FAULTS, CommitUnknown
from shared.errors import Refused, Unavailable
from shared.flow import Flow
from shared.ids import uuid7
from shared.inbox import Inbox
from shared.rights import Right, Task

from .comparing import Comparing
from .sources import Source
from .tellers import Tellers
from .watermarks import Watermark, keep, watermark_of

log = logging.getLogger(__name__)

FIRST = 45.0
"""Seconds after the start: by then those who start together answer."""
SETTLE = 30.0
AGAIN = 2.0


class NotTheConsumer(Unavailable):
    """Another process of this service reads its queue, and alone knows what is still in hand."""


class CatchingUp(Exception):
    """The queue is not read yet: what was told before comes first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A round that an operator asks for."""

    id: UUID
    heals: bool = True
    from_start: bool = False


class Reconciler:
    """Of one service. `every`: seconds between two rounds; 0: only when asked."""

    def __init__(self, inbox: Inbox, tellers: Tellers, sources: Sequence[Source], flow: Flow, every: float) -> None:
        self.inbox = inbox
        self.database = inbox.database
        self.tellers = tellers
        self.sources = sources
        self.flow = flow
        self.every = every
        self._wanted: list[Wanted] = []
        self._asked = asyncio.Event()

    def require_consumer(self) -> None:
        """Raises `NotTheConsumer`."""
        if not self.inbox.consuming:
            raise NotTheConsumer("Ask again, or wait: it compares by itself.")

    def ask(self, wanted: Wanted) -> None:
        """A round as soon as may be."""
        self._wanted.append(wanted)
        self._asked.set()

    async def run(self) -> None:
        """Until cancelled."""
        pause = min(FIRST, self.every)
        while True:
            wanted = await self._next(pause)
            pause = self.every * random.uniform(0.8, 1.2)
            if wanted is None and not self.inbox.consuming:
                continue
            try:
                await self.round(wanted or Wanted(uuid7()))
            except (BrokerAway, CommitUnknown, *FAULTS) as error:
                log.warning("reconciling was broken off: %s", type(error).__name__)

    async def _next(self, pause: float) -> Wanted | None:
        """What is asked for, or nothing when it is time again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause if self.every else None):
                await self._asked.wait()
        wanted = self._wanted.pop(0) if self._wanted else None
        if not self._wanted:
            self._asked.clear()
        return wanted

    async def round(self, wanted: Wanted, *, before_the_queue: bool = False) -> list[Watermark]:
        """Each source once; one that does not answer keeps nobody waiting.

        `before_the_queue`: nothing of the queue is handled meanwhile, so that what is in it may be taken from its
        teller too, in order; it is known when it comes.
        """
        async with self.database.alone(Task.RECONCILE, waiting=lambda: None) as right:
            return [await self._source(each, wanted, right, before_the_queue) for each in self.sources]

    async def catch_up(self) -> None:
        """Before the queue is read. The own organisation's services are waited for, others asked once."""
        while True:
            try:
                found = await self.round(Wanted(uuid7()), before_the_queue=True)
                own = {each.name for each in self.sources if each.organisation == self.database.whoami.organisation}
                if not any(each.fault or each.missing for each in found if each.source in own):
                    return
            except (CommitUnknown, *FAULTS) as error:
                log.warning("catching up was broken off: %s", type(error).__name__)
            self.flow.stalled("consuming", CatchingUp())
            await asyncio.sleep(AGAIN)

    async def _source(self, source: Source, wanted: Wanted, right: Right, before_the_queue: bool) -> Watermark:
        known = await watermark_of(self.database, source)
        start = known.from_start(source) if wanted.from_start else known
        comparing = Comparing(source, start, self.inbox, self.tellers, right, heals=wanted.heals)
        try:
            found = await comparing.run(self._passed if before_the_queue else self._settled)
        except Refused as refusal:
            found = replace(
                comparing.found, fault=type(refusal).__name__, missing=max(known.missing, comparing.missing)
            )
        if not wanted.heals:
            ahead = found.ahead - (known.compared if wanted.from_start else 0)
            seen = {"missing": found.missing, "fault": found.fault, "restored_at": found.restored_at}
            found = replace(known, ahead=max(ahead, 0), **seen)
        if found.missing:
            log.error("%d events of %s are missing", found.missing, source.name)
        return await keep(self.database, replace(found, round=wanted.id), restored=comparing.restored)

    async def _settled(self) -> bool:
        """Whether what was in our queue a moment ago is stored by now."""
        try:
            return await self.inbox.drained(seconds=SETTLE)
        except BrokerAway:
            return False

    async def _passed(self) -> bool:
        return True

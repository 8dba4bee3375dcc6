"""Timers: instants at which something is to be done, kept in the database so that they survive restarts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, delete, exists, or_, select

from .broker.protocol import BrokerAway
from .db import FAULTS, CommitUnknown, Database, is_away, is_tie
from .flow import Flow
from .ids import uuid7
from .parking import WHOLE
from .tables import event, parked, timer
from .uow import UnitOfWork
from .writes import Into

log = logging.getLogger(__name__)

TICK = 0.25
LOOK = 2.0
"""Seconds after which the database is asked although this process has written nothing: another may have."""
AGAIN = 30.0

UNSENT = exists().where(
    event.c.position.is_(None), or_(event.c.stream == timer.c.stream, event.c.case_id == timer.c.stream)
)
STUCK = exists().where(parked.c.stream == timer.c.stream, parked.c.holds == WHOLE)
RIPE = and_(~UNSENT, ~STUCK)
"""Nothing that this service itself told of the stream is on its way, and nothing of it is parked by our own fault."""
FIRST = (
    select(timer)
    .where(
        timer.c.id.not_in(bindparam("later", expanding=True)),
        or_(timer.c.due > bindparam("clock", type_=timer.c.due.type), RIPE),
    )
    .order_by(timer.c.due, timer.c.id)
    .limit(100)
)
"""The next timers; whether they are ripe is asked of those that are due alone."""
FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rang:
    """A timer that went off: on which stream, under which key, and the instant it was set for."""

    stream: UUID
    key: str
    due: datetime


Ring = Callable[[UnitOfWork, Rang], Awaitable[Any]]


TIMERS = Into(timer, key=("stream", "kind", "key"), updates=("due",))


def set_timer(uow: UnitOfWork, kind: str, *, stream: UUID, key: str, due: datetime) -> None:
    """Sets or moves a timer. `kind` names its handler; (stream, kind, key) is unique."""
    row = {"id": uuid7(), "stream": stream, "kind": kind, "key": key, "due": due, "traceparent": uow.traceparent}
    uow.put(TIMERS, row)


def clear_timer(uow: UnitOfWork, kind: str, *, stream: UUID, key: str) -> None:
    """Takes a timer away; one that is not there is no error."""
    uow.remove(TIMERS, stream, kind, key)


class Timers:
    """Which use-case answers which kind of timer."""

    def __init__(self) -> None:
        self.handlers: dict[str, Ring] = {}

    def on(self, kind: str) -> Callable[[Ring], Ring]:
        """Registers the decorated use-case."""

        def register(handler: Ring) -> Ring:
            self.handlers[kind] = handler
            return handler

        return register


class TimerLoop:
    """Lets timers go off, in order of their instants, and never before what was told until then is stored.

    `stored_until`: the instant until which everything sent to this service is stored; nothing where that, and hence
    the timers, are another process's.
    """

    def __init__(
        self, database: Database, timers: Timers, flow: Flow, stored_until: Callable[[], Awaitable[datetime | None]]
    ) -> None:
        self.database = database
        self.timers = timers
        self.flow = flow
        self.stored_until = stored_until
        self._later: dict[UUID, tuple[float, Exception]] = {}
        self._looked, self._changes, self._following = 0.0, -1, FAR
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                rang = await self.ring_due()
                self._show()
            except (BrokerAway, CommitUnknown, *FAULTS) as error:
                self.flow.stalled("timing", error)
                rang = 0
            if not rang:
                with suppress(TimeoutError):
                    async with asyncio.timeout(TICK):
                        await self._wake.wait()
                self._wake.clear()

    def _show(self) -> None:
        """A timer that fails is tried again and again, and seen."""
        if failing := next(iter(self._later.values()), None):
            self.flow.stalled("timing", failing[1])
        else:
            self.flow.going("timing")

    def wake(self) -> None:
        """Looks now: the clock was moved."""
        self._wake.set()

    async def ring_due(self) -> int:
        """One round. Returns how many went off."""
        now = asyncio.get_running_loop().time()
        self._later = {id_: later for id_, later in self._later.items() if later[0] > now}
        due = await self._due(now)
        until = await self.stored_until() if due else None
        if until is None:
            return 0
        told = [row for row in due if row.due <= until]
        return sum([await self._rings(row) for row in told])

    async def _due(self, now: float) -> Sequence[Row[Any]]:
        """Those whose instant has come. The database is asked if something was written, or now and then."""
        clock, changes = self.database.clock.now(), self.database.changes
        if changes == self._changes and clock < self._following and now < self._looked + LOOK:
            return []
        async with self.database.reading() as connection:
            rows = (await connection.execute(FIRST, {"later": [*self._later], "clock": clock})).all()
        due = [row for row in rows if row.due <= clock]
        self._following = rows[len(due)].due if len(due) < len(rows) else FAR
        self._looked, self._changes = now, -1 if due or self._later else changes
        return due

    async def _rings(self, row: Row[Any]) -> bool:
        try:
            return await self._ring(row)
        except Exception as error:
            if is_away(error) or is_tie(error):
                raise
            log.error("timer %s failed: %s", row.kind, type(error).__name__)
            self._later[row.id] = (asyncio.get_running_loop().time() + AGAIN, error)
            return True

    async def _ring(self, row: Row[Any]) -> bool:
        async with self.database.transaction(traceparent=row.traceparent) as uow:
            await uow.lock(row.stream)
            gone = delete(timer).where(timer.c.id == row.id, timer.c.due == row.due, RIPE).returning(timer.c.id)
            if await uow.session.scalar(gone) is None:
                return False
            await self.timers.handlers[row.kind](uow, Rang(row.stream, row.key, row.due))
            return True

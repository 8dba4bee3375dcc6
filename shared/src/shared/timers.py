"""Timers: instants at which something is to be done, kept in the database so that they survive restarts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select

from .broker.protocol import BrokerAway
from .db import FAULTS, CommitUnknown, Database, is_away, is_tie
from .flow import Flow
from .ids import uuid7
from .tables import timer
from .uow import UnitOfWork

log = logging.getLogger(__name__)

TICK = 0.25
AGAIN = 5.0


@dataclass(frozen=True, slots=True)
class Rang:
    """A timer that went off: on which stream, under which key, and the instant it was set for."""

    stream: UUID
    key: str
    due: datetime


Ring = Callable[[UnitOfWork, Rang], Awaitable[Any]]


async def set_timer(uow: UnitOfWork, kind: str, *, stream: UUID, key: str, due: datetime) -> None:
    """Sets or moves a timer. `kind` names its handler; (stream, kind, key) is unique."""
    row = {"id": uuid7(), "stream": stream, "kind": kind, "key": key, "due": due, "traceparent": uow.traceparent}
    insert = uow.insert(timer).values(row)
    await uow.session.execute(
        insert.on_conflict_do_update(index_elements=["stream", "kind", "key"], set_={"due": insert.excluded.due})
    )


async def clear_timer(uow: UnitOfWork, kind: str, *, stream: UUID, key: str) -> None:
    """Takes a timer away; one that is not there is no error."""
    await uow.session.execute(delete(timer).where(timer.c.stream == stream, timer.c.kind == kind, timer.c.key == key))


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
    """Lets timers go off, in order of their instants, and never before all that was heard until then is stored."""

    def __init__(
        self, database: Database, timers: Timers, flow: Flow, caught_up: Callable[[], Awaitable[bool]]
    ) -> None:
        self.database = database
        self.timers = timers
        self.flow = flow
        self.caught_up = caught_up
        self._later: dict[UUID, float] = {}
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                rang = await self.ring_due()
                self.flow.going("timing")
            except (BrokerAway, CommitUnknown, *FAULTS) as error:
                self.flow.stalled("timing", error)
                rang = 0
            if not rang:
                with suppress(TimeoutError):
                    async with asyncio.timeout(TICK):
                        await self._wake.wait()
                self._wake.clear()

    def wake(self) -> None:
        """Looks now: the clock was moved."""
        self._wake.set()

    async def ring_due(self) -> int:
        """One round. Returns how many went off."""
        now = asyncio.get_running_loop().time()
        self._later = {id_: until for id_, until in self._later.items() if until > now}
        due = select(timer).where(timer.c.due <= self.database.clock.now(), timer.c.id.not_in(self._later))
        async with self.database.reading() as connection:
            rows = (await connection.execute(due.order_by(timer.c.due, timer.c.id).limit(100))).all()
        if not rows or not await self.caught_up():
            return 0
        for row in rows:
            try:
                await self._ring(row)
            except Exception as error:
                if is_away(error) or is_tie(error):
                    raise
                log.error("timer %s failed: %s", row.kind, type(error).__name__)
                self._later[row.id] = now + AGAIN
        return len(rows)

    async def _ring(self, row: Row[Any]) -> None:
        async with self.database.transaction(traceparent=row.traceparent) as uow:
            await uow.lock(row.stream)
            gone = delete(timer).where(timer.c.id == row.id, timer.c.due == row.due).returning(timer.c.id)
            if await uow.session.scalar(gone) is None:
                return
            await self.timers.handlers[row.kind](uow, Rang(row.stream, row.key, row.due))

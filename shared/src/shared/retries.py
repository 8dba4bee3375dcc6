"""Retries: parked events run again when due, when what they wait for may have come, or on an operator's word."""

import asyncio
import logging
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, or_, select, update
from sqlalchemy.exc import DBAPIError

from .broker.protocol import Message
from .db import Database
from .envelope import from_message
from .errors import Fault, Refused
from .handling import run_handlers
from .parking import Parking, judge
from .subscriptions import Subscriptions
from .tables import parked
from .uow import UnitOfWork

log = logging.getLogger(__name__)

TICK = 0.5
HEADS = ("failed", "waiting")


class Retries:
    """Works off the parked rows of one service."""

    def __init__(self, database: Database, subscriptions: Subscriptions, parking: Parking) -> None:
        self.database = database
        self.subscriptions = subscriptions
        self.parking = parking
        self._woken: set[UUID] = set()
        self._wake = asyncio.Event()
        database.on_commit(self._committed)

    async def run(self) -> None:
        """Tries again what is due and what was woken, until cancelled."""
        async with self.database.reading() as connection:
            waiting = select(parked.c.stream).where(parked.c.state == "waiting").distinct()
            self.parking.waiting |= set((await connection.scalars(waiting)).all())
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), TICK)
            self._wake.clear()
            try:
                await self.try_due()
            except (DBAPIError, OSError, Refused) as error:
                log.warning("parked events wait: %s", type(error).__name__)
                await asyncio.sleep(1)

    async def try_due(self) -> int:
        """One round. Returns how many events were tried."""
        woken, self._woken = self._woken, set()
        tried = 0
        async with self.database.reading() as connection:
            due = parked.c.next_at <= self.parking.clock.now()
            heads = (
                select(parked)
                .where(parked.c.state.in_(HEADS), or_(due, parked.c.stream.in_(woken)))
                .order_by(parked.c.seq)
                .limit(200)
            )
            rows = (await connection.execute(heads)).all()
        for row in rows:
            tried += 1
            if await self.attempt(row.seq):
                tried += await self._follow(row.stream)
        return tried

    async def attempt(self, seq: int) -> bool:
        """Runs a parked event once, in a transaction of its own. True if it is done and gone."""
        row: Row[Any] | None = None
        try:
            async with self.database.transaction() as uow:
                stream = await uow.session.scalar(select(parked.c.stream).where(parked.c.seq == seq))
                if stream is None:
                    return True
                await uow.lock(stream)
                row = (await uow.session.execute(select(parked).where(parked.c.seq == seq))).one_or_none()
                if row is None:
                    return True
                message = message_of(row)
                envelope = from_message(message)
                heard = [(envelope, s, s.heard.read(envelope, message.body)) for s in self.subscriptions.of(envelope)]
                hops = {envelope.id: message.headers.get("traceparent")}
                await run_handlers(uow, heard, queue="parked", hops=hops, again=True)
                await uow.session.execute(delete(parked).where(parked.c.seq == seq))
            return True
        except (OSError, TimeoutError, DBAPIError):
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a handler raises is the event's fault, and is kept
            if row is not None:
                await self._failed_again(row, error)
            return False

    def wake(self) -> None:
        """Looks now, not at the next tick."""
        self._wake.set()

    async def resolve(self, uow: UnitOfWork, seq: int) -> None:
        """Takes a row away for good, and lets what stood behind it go on."""
        stream = await uow.session.scalar(select(parked.c.stream).where(parked.c.seq == seq))
        await uow.session.execute(delete(parked).where(parked.c.seq == seq))
        if stream is not None:
            uow.after_commit.append(lambda: self._release(stream))

    def _release(self, stream: UUID) -> None:
        task = asyncio.ensure_future(self._follow(stream))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _follow(self, stream: UUID) -> int:
        """After a head is gone: those behind it, in order, until one of them fails."""
        done = 0
        while True:
            async with self.database.reading() as connection:
                rows = (
                    await connection.execute(select(parked).where(parked.c.stream == stream).order_by(parked.c.seq))
                ).all()
            if any(row.state in ("failed", "dead") for row in rows):
                return done
            blocked = {row.source for row in rows if row.state == "waiting"}
            free = next((r for r in rows if r.state == "behind" and r.source not in blocked), None)
            if free is None or not await self.attempt(free.seq):
                return done
            done += 1

    async def _failed_again(self, row: Row[Any], error: Exception) -> None:
        cause, said = judge(error)
        waits = cause is Fault.WAITING
        attempts = row.attempts + (0 if waits and row.state == "waiting" else 1)
        state, next_at = self.parking.next_try(cause, attempts=attempts, since=row.parked_at)
        async with self.database.writing() as connection:
            await connection.execute(
                update(parked)
                .where(parked.c.seq == row.seq)
                .values(
                    state=state,
                    cause=str(cause),
                    attempts=attempts,
                    first_error=func.coalesce(parked.c.first_error, said),
                    last_error=said,
                    next_at=next_at,
                )
            )
        if state == "waiting":
            self.parking.waiting.add(row.stream)

    def _committed(self, streams: frozenset[UUID], _: bool) -> None:
        woken = self.parking.waiting & streams
        if woken:
            self.parking.waiting -= woken
            self._woken |= woken
            self._wake.set()


def message_of(row: Row[Any]) -> Message:
    """The message as it came."""
    return Message(
        id=row.headers.get("ce-id", ""),
        routing_key="",
        headers=row.headers,
        body=row.body,
        user_id=row.user_id,
    )

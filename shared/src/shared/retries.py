"""Retries: parked events run again when due, when what they wait for may have come, or on an operator's word."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, delete, exists, func, or_, select, update

from .broker.protocol import Message, queue_of
from .db import FAULTS, CommitUnknown, Database, is_away, is_tie
from .errors import Fault
from .handling import run_handlers
from .inbox import Admission, Delivery, OtherContent
from .parking import SOURCE, WHOLE, Parking, judge
from .subscriptions import Subscriptions
from .tables import parked
from .uow import UnitOfWork

log = logging.getLogger(__name__)

TICK = 0.5
HEADS = ("failed", "waiting")


class Retries:
    """Works off the parked rows of one service."""

    def __init__(
        self, database: Database, subscriptions: Subscriptions, parking: Parking, admission: Admission
    ) -> None:
        self.database = database
        self.admission = admission
        self.queue = queue_of(database.whoami.organisation, database.whoami.service)
        self.subscriptions = subscriptions
        self.parking = parking
        self._woken: set[UUID] = set()
        self._wake = asyncio.Event()
        database.on_commit(self._committed)

    async def run(self) -> None:
        """Tries again what is due and what was woken, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self.try_due()
            except (CommitUnknown, *FAULTS) as error:
                log.warning("parked events wait: %s", type(error).__name__)
                await asyncio.sleep(1)

    async def try_due(self) -> int:
        """One round. Returns how many events were tried."""
        woken, self._woken = self._woken, set()
        try:
            rows, streams = await self._due(woken)
            for row in rows:
                if await self.attempt(row):
                    streams.append(row.stream)
            return len(rows) + sum([await self._follow(stream) for stream in dict.fromkeys(streams)])
        except BaseException:
            self._woken |= woken
            raise

    async def _due(self, woken: set[UUID]) -> tuple[Sequence[Row[Any]], list[UUID]]:
        """The heads to be tried, and the streams where somebody stands behind nobody."""
        due = parked.c.next_at <= self.parking.clock.now()
        called = and_(parked.c.state == "waiting", parked.c.stream.in_(woken))
        heads = select(parked).where(parked.c.state.in_(HEADS), or_(due, called)).order_by(parked.c.seq).limit(200)
        head = parked.alias()
        same = and_(head.c.holds == SOURCE, head.c.source == parked.c.source)
        ahead = exists().where(head.c.stream == parked.c.stream, or_(head.c.holds == WHOLE, same))
        free = select(parked.c.stream).where(parked.c.state == "behind", ~ahead).distinct()
        waiting = select(parked.c.stream).where(parked.c.state == "waiting").distinct()
        before = set(self.parking.waiting)
        async with self.database.reading() as connection:
            rows = (await connection.execute(heads)).all()
            streams = list((await connection.scalars(free)).all())
            known = set((await connection.scalars(waiting)).all())
        self.parking.waiting -= before - known
        self.parking.waiting |= known
        return rows, streams

    async def attempt(self, seen: Row[Any]) -> bool:
        """Runs a parked event once, in a transaction of its own. True if it is done and gone."""
        try:
            message = message_of(seen)
            delivery = self.admission.admit(message)
            async with self.database.transaction() as uow:
                await uow.lock(delivery.key)
                same = select(parked.c.seq).where(parked.c.seq == seen.seq, parked.c.attempts == seen.attempts)
                if await uow.session.scalar(same) is None:
                    return True
                if await self._is_first(uow, seen, delivery):
                    envelope = delivery.envelope
                    rows = self.subscriptions.of(envelope)
                    heard = [(envelope, row, row.heard.read(envelope, message.body)) for row in rows]
                    hops = {envelope.id: message.headers.get("traceparent")}
                    await run_handlers(uow, heard, queue=self.queue, hops=hops, again=True)
                await uow.session.execute(delete(parked).where(parked.c.seq == seen.seq))
            return True
        except Exception as error:
            if is_away(error) or is_tie(error):
                raise
            await self._failed_again(seen, error)
            return False

    async def _is_first(self, uow: UnitOfWork, seen: Row[Any], delivery: Delivery) -> bool:
        """Whether it is to be handled now. What was buried unread has no key yet, and goes the way of any other."""
        if seen.source:
            await self.admission.require_same(uow, delivery)
            return True
        claimed = await self.admission.claim(uow, [delivery])
        if claimed.other:
            raise OtherContent("Tell a correction as an event of its own.")
        if not claimed.fresh or self.admission.for_others(delivery.envelope):
            return False
        held = await self.parking.held(uow, {delivery.key})
        if held.holds(delivery.key, delivery.envelope.source):
            await self.parking.behind(uow, delivery.key, delivery.message, delivery.envelope)
            return False
        return True

    def wake(self) -> None:
        """Looks now, not at the next tick."""
        self._wake.set()

    async def resolve(self, uow: UnitOfWork, seq: int) -> None:
        """Takes a row away for good, and lets what stood behind it go on."""
        await uow.session.execute(delete(parked).where(parked.c.seq == seq))
        uow.after_commit.append(self.wake)

    async def _follow(self, stream: UUID) -> int:
        """After a head is gone: those behind it, in order, until one of them fails."""
        done = 0
        while True:
            async with self.database.reading() as connection:
                rows = (
                    await connection.execute(select(parked).where(parked.c.stream == stream).order_by(parked.c.seq))
                ).all()
            if any(row.holds == WHOLE for row in rows):
                return done
            blocked = {row.source for row in rows if row.holds == SOURCE}
            free = next((r for r in rows if r.state == "behind" and r.source not in blocked), None)
            if free is None:
                return done
            done += await self.attempt(free)

    async def _failed_again(self, row: Row[Any], error: Exception) -> None:
        cause, said = judge(error)
        waits = cause is Fault.WAITING
        attempts = row.attempts + (0 if waits and row.state == "waiting" else 1)
        since = row.parked_at if row.attempts else self.parking.clock.now()
        state, next_at = self.parking.next_try(cause, attempts=attempts, since=since)
        async with self.database.writing() as connection:
            await connection.execute(
                update(parked)
                .where(parked.c.seq == row.seq, parked.c.attempts == row.attempts)
                .values(
                    state=state,
                    holds=self.parking.holds(state, row.source),
                    cause=str(cause),
                    attempts=attempts,
                    first_error=func.coalesce(parked.c.first_error, said),
                    last_error=said,
                    parked_at=since,
                    next_at=next_at,
                )
            )
        if state == "waiting":
            self.parking.waiting.add(row.stream)

    def _committed(self, streams: frozenset[UUID], _: bool) -> None:
        woken = self.parking.waiting & streams
        if woken:
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

"""Retries: parked events run again when due, when what they wait for may have come, or on an operator's word."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, delete, exists, func, or_, select, update

from .broker.protocol import Message, queue_of
from .db import FAULTS, CommitUnknown, Database, is_away, is_tie
from .deaths import tell_deaths
from .errors import Fault
from .handling import run_handlers
from .inbox import Admission, Delivery, OtherContent
from .notices import Fate, tell
from .parking import SOURCE, WHOLE, Parking, judge
from .resolutions import Action, ReplayReason, Result, remember, replay
from .subscriptions import Subscriptions, load_for
from .tables import Instant, ParkedState, parked
from .uow import UnitOfWork

log = logging.getLogger(__name__)
TICK = 0.5
BATCH = 100
LOOK = 2.0
"""Seconds after which the database is asked although nothing was parked and this process has written nothing since."""

_ahead = parked.alias()
_same = and_(_ahead.c.holds == SOURCE, _ahead.c.source == parked.c.source)
_held = exists().where(_ahead.c.stream == parked.c.stream, or_(_ahead.c.holds == WHOLE, _same))
_behind = and_(parked.c.state == ParkedState.BEHIND, ~_held)
_due = parked.c.next_at <= bindparam("now", type_=Instant)
_woken = and_(parked.c.state == ParkedState.WAITING, parked.c.stream.in_(bindparam("woken", expanding=True)))
_head = parked.c.state.in_((ParkedState.FAILED, ParkedState.WAITING))

ANY = select(parked.c.seq).where(parked.c.state != ParkedState.DEAD).limit(1)
HEADS = select(parked).where(_head, or_(_due, _woken)).order_by(parked.c.seq).limit(200)
WAITING = select(parked.c.stream).where(parked.c.state == ParkedState.WAITING).distinct()
FREE = select(parked.c.stream).where(_behind).distinct()
BEHIND = select(parked).where(_behind, parked.c.stream == bindparam("of")).order_by(parked.c.seq).limit(BATCH)
_next = or_(_behind, parked.c.state == ParkedState.WAITING)
FOLLOWING = select(parked).where(_next, parked.c.stream == bindparam("of")).order_by(parked.c.seq).limit(BATCH)
"""What is tried after a commit of the stream."""


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
        self._empty_at, self._looked = -1, 0.0
        database.on_commit(self._committed)

    async def run(self) -> None:
        """Tries again what is due and what was woken, until cancelled; at first, what was not understood."""
        newly = True
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await self._wake.wait()
            self._wake.clear()
            try:
                if newly:
                    await self.understand()
                    newly = False
                await self.try_due()
            except (CommitUnknown, *FAULTS) as error:
                log.warning("parked events wait: %s", type(error).__name__)
                await asyncio.sleep(1)

    async def understand(self) -> None:
        """A service that starts may be a newer one: what an older did not understand is due."""
        async with self.database.transaction() as uow:
            now = self.parking.clock.now()
            await replay(uow, parked.c.cause == str(Fault.SCHEMA), at=now, reason=ReplayReason.UPGRADED)

    async def try_due(self) -> int:
        """One round. Returns how many events were tried."""
        woken, self._woken = self._woken, set()
        try:
            rows, streams = await self._due(woken)
            for row in rows:
                if await self.attempt([row]):
                    streams.append(row.stream)
            return len(rows) + sum([await self._follow(stream) for stream in dict.fromkeys(streams)])
        except BaseException:
            self._woken |= woken
            raise

    async def _due(self, woken: set[UUID]) -> tuple[Sequence[Row[Any]], list[UUID]]:
        """The heads to be tried, and the streams where somebody stands behind nobody."""
        before, now = set(self.parking.waiting), self.parking.clock.now()
        changes, looked = self.database.changes, time.monotonic()
        if changes == self._empty_at and looked < self._looked + LOOK:
            return [], []
        await tell_deaths(self.database, self.parking.parties)
        async with self.database.reading() as connection:
            if await connection.scalar(ANY) is None:
                self.parking.waiting -= before
                self._empty_at, self._looked = changes, looked
                return [], []
            rows = (await connection.execute(HEADS, {"now": now, "woken": [*woken]})).all()
            streams = list((await connection.scalars(FREE)).all())
            known = set((await connection.scalars(WAITING)).all())
        self.parking.waiting -= before - known
        self.parking.waiting |= known
        return rows, streams

    async def attempt(self, rows: Sequence[Row[Any]]) -> bool:
        """Runs parked events of one stream, in order, in one transaction. True if all are done and gone.

        What fails is found by halving; what stands behind it in this list is not run.
        """
        try:
            async with self.database.transaction() as uow:
                await self.handle(uow, rows)
            return True
        except Exception as error:
            if is_away(error) or is_tie(error):
                raise
            if len(rows) == 1:
                await self._failed_again(rows[0], error)
                return False
        middle = len(rows) // 2
        return await self.attempt(rows[:middle]) and await self.attempt(rows[middle:])

    async def handle(self, uow: UnitOfWork, rows: Sequence[Row[Any]]) -> None:
        """Runs parked events of one stream, in order, in the caller's transaction: they are handled and gone."""
        deliveries = [self.admission.admit(message_of(row)) for row in rows]
        await uow.lock(*(d.key for d in deliveries))
        left = await self._still_to_run(uow, rows)
        mine = [(row, d) for row, d in zip(rows, deliveries, strict=True) if row.seq in left]
        ready = [d for row, d in mine if await self._is_first(uow, row, d)]
        heard = [heard for d in ready for heard in self.admission.read(d)]
        await load_for(uow, [(row, fact) for _, row, fact in heard])
        hops = {d.envelope.id: d.message.headers.get("traceparent") for d in ready}
        await run_handlers(uow, heard, queue=self.queue, hops=hops, again=True)
        await uow.session.execute(delete(parked).where(parked.c.seq.in_(left.keys())))
        for row in left.values():
            if row.untold is False:
                await tell(uow, self.parking.parties, Fate.REPLAYED, row)
            if row.batch is not None:
                await remember(uow, row, Action.REPLAY, Result.RAN, batch=row.batch)

    async def _still_to_run(self, uow: UnitOfWork, rows: Sequence[Row[Any]]) -> dict[int, Row[Any]]:
        """Those up to the first with which another process tried its luck meanwhile; what is gone is done."""
        seen = select(parked, _behind.label("free")).where(parked.c.seq.in_([row.seq for row in rows]))
        found = {row.seq: row for row in await uow.session.execute(seen)}
        left: dict[int, Row[Any]] = {}
        for row in rows:
            if (now := found.get(row.seq)) is None:
                continue
            if now.attempts != row.attempts or (now.state == ParkedState.BEHIND and not now.free):
                break
            left[row.seq] = now
        return left

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
        if held.holds(delivery.key, delivery.envelope):
            await self.parking.behind(uow, delivery.key, delivery.message, delivery.envelope)
            return False
        return True

    def wake(self) -> None:
        """Looks now, not at the next tick."""
        self._wake.set()

    async def _follow(self, stream: UUID) -> int:
        """After a head is gone: those behind it, in order, until one of them fails. Returns how many were tried."""
        done = 0
        while free := await self._free(stream):
            await self.attempt(free)
            done += len(free)
        return done

    async def _free(self, stream: UUID) -> Sequence[Row[Any]]:
        """The next of those behind that nobody holds back any more, in order."""
        async with self.database.reading() as connection:
            return (await connection.execute(BEHIND, {"of": stream})).all()

    async def _failed_again(self, row: Row[Any], error: Exception) -> None:
        cause, said = judge(error)
        now = self.parking.clock.now()
        still_waits = cause is Fault.WAITING and row.state == ParkedState.WAITING
        attempts = row.attempts + (0 if still_waits else 1)
        since = row.parked_at if row.attempts > row.before else now
        state, next_at = self.parking.next_try(cause, attempts=attempts - row.before, since=since)
        dies = state is ParkedState.DEAD and row.died_at is None
        values = {
            "state": str(state),
            "holds": self.parking.holds(state, row.source),
            "cause": str(cause),
            "attempts": attempts,
            "first_error": func.coalesce(parked.c.first_error, said),
            "last_error": said,
            "first_at": func.coalesce(parked.c.first_at, now),
            "last_at": now,
            "parked_at": since,
            "next_at": next_at,
            "died_at": now if dies else row.died_at,
            "untold": True if dies else row.untold,
            "batch": None,
        }
        mine = update(parked).where(parked.c.seq == row.seq, parked.c.attempts == row.attempts)
        async with self.database.transaction() as uow:
            if await uow.session.scalar(mine.values(values).returning(parked.c.seq)) is None:
                return
            if row.batch is not None:
                await remember(uow, row, Action.REPLAY, Result.PARKED, batch=row.batch, detail=said)
        if state is ParkedState.WAITING:
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

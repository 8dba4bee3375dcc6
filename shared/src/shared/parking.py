"""Parked events: what failed or waits, row by row, with who has to act and when it is tried again."""

import hashlib
import logging
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from .broker.protocol import Message
from .clock import SystemClock
from .envelope import Envelope
from .errors import Fault, Refused
from .ids import uuid_of
from .tables import parked
from .uow import UnitOfWork

log = logging.getLogger(__name__)

PAUSES = [timedelta(seconds=s) for s in (1, 10, 60, 600, 3600, 21600)]
PATIENCE = timedelta(hours=24)
HOPELESS = (Fault.SENDER, Fault.PLATFORM, Fault.SCHEMA)
"""What the same event will meet again, whenever it is tried: somebody has to act first."""
WHOLE, SOURCE, NOTHING = "stream", "source", ""


@dataclass
class Held:
    """Which events of a batch must queue behind what is parked already."""

    whole: set[UUID] = field(default_factory=set[UUID])
    by_source: set[tuple[UUID, str]] = field(default_factory=set[tuple[UUID, str]])

    def holds(self, key: UUID, source: str) -> bool:
        return key in self.whole or (key, source) in self.by_source

    def add(self, key: UUID, source: str) -> None:
        self.by_source.add((key, source))


class Parking:
    """Puts rows in and says what they hold back. Its times are real, also where the platform's clock stands still."""

    def __init__(self, organisation: str, *, order_free: bool) -> None:
        self.organisation = organisation
        self.order_free = order_free
        self.clock = SystemClock()
        self.waiting: set[UUID] = set()

    async def held(self, uow: UnitOfWork, keys: set[UUID]) -> Held:
        """What is parked on these streams. What fails holds its whole stream; what waits, only its own source.

        So does what fails of another organisation: nobody can stop a case from outside.
        """
        held = Held()
        if self.order_free or not keys:
            return held
        rows = await uow.session.execute(
            select(parked.c.stream, parked.c.source, parked.c.holds).where(parked.c.stream.in_(keys)).distinct()
        )
        for row in rows:
            held.add(row.stream, row.source)
            if row.holds == WHOLE:
                held.whole.add(row.stream)
        return held

    def holds(self, state: str, source: str) -> str:
        """What a row of that state holds back: its whole stream, what its source tells of it, or nothing."""
        if state == "behind":
            return NOTHING
        own = source.startswith(f"/{self.organisation}/") or not source
        return WHOLE if own and state in ("failed", "dead") else SOURCE

    async def behind(self, uow: UnitOfWork, key: UUID, message: Message, envelope: Envelope) -> None:
        """Keeps an event in order behind one that is parked."""
        await self._insert(uow, key, message, envelope, state="behind", cause=Fault.WAITING)

    async def park(self, uow: UnitOfWork, key: UUID, message: Message, envelope: Envelope, error: Exception) -> None:
        """Parks what just failed for the first time."""
        cause, said = judge(error)
        state, next_at = self.next_try(cause, attempts=1, since=self.clock.now())
        if state == "waiting":
            uow.after_commit.append(lambda: self.waiting.add(key))
        log.warning("event %s (%s) %s: %s", envelope.id, envelope.subject, state, said)
        await self._insert(
            uow, key, message, envelope, state=state, cause=cause, attempts=1, error=said, next_at=next_at
        )

    async def bury(self, uow: UnitOfWork, message: Message, refusal: Refused, envelope: Envelope | None) -> None:
        """A dead letter at once: what it is, only a person can say. It holds nothing back, and is kept once."""
        key = _likeness(message)
        if await uow.session.scalar(select(parked.c.seq).where(parked.c.stream == key).limit(1)) is not None:
            return
        log.warning("message %s is a dead letter: %s", _id(message), refusal.code)
        await self._insert(
            uow,
            key,
            message,
            envelope,
            state="dead",
            cause=refusal.fault,
            attempts=1,
            error=judge(refusal)[1],
        )

    def next_try(self, cause: Fault, *, attempts: int, since: datetime) -> tuple[str, datetime | None]:
        """State and time after a failure: waits, tried again later, or dead.

        What waits is woken by the next commit of its stream. It is also tried now and then, since that commit may
        have come just before it was parked, or in another process.
        """
        now = self.clock.now()
        if cause is Fault.WAITING:
            again = now + max(PAUSES[0], (now - since) / 2)
            return ("waiting", min(again, since + PATIENCE)) if now < since + PATIENCE else ("dead", None)
        if cause in HOPELESS or attempts > len(PAUSES):
            return "dead", None
        return "failed", now + PAUSES[attempts - 1] * random.uniform(0.8, 1.2)

    async def _insert(
        self,
        uow: UnitOfWork,
        key: UUID,
        message: Message,
        envelope: Envelope | None,
        *,
        state: str,
        cause: Fault,
        attempts: int = 0,
        error: str | None = None,
        next_at: datetime | None = None,
    ) -> None:
        await uow.session.execute(
            parked.insert().values(
                stream=key,
                source=envelope.source if envelope else "",
                event_id=envelope.id if envelope else None,
                type=envelope.type if envelope else "",
                headers={str(k): str(v) for k, v in message.headers.items()},
                body=message.body,
                user_id=message.user_id,
                state=state,
                holds=self.holds(state, envelope.source if envelope else ""),
                cause=str(cause),
                attempts=attempts,
                first_error=error,
                last_error=error,
                parked_at=self.clock.now(),
                next_at=next_at,
            )
        )


def _likeness(message: Message) -> UUID:
    """The same for the same message, delivered again."""
    said = repr((message.user_id, sorted((str(k), str(v)) for k, v in message.headers.items()))).encode()
    return UUID(bytes=hashlib.sha256(said + message.body).digest()[:16])


def _id(message: Message) -> UUID | str:
    """The id as it may be logged: whatever is none is the sender's own text."""
    return uuid_of(message.id) or "without an id"


def judge(error: Exception) -> tuple[Fault, str]:
    """Who has to act, and the error as it may be kept: its code and remedy, or only its kind; never a value."""
    if isinstance(error, Refused):
        return error.fault, f"{error.code}: {error.remedy}"
    return Fault.PLATFORM, type(error).__name__

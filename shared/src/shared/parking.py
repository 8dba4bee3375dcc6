"""Parked events: what failed or waits, row by row, with who has to act and when it is tried again."""

import hashlib
import logging
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from .broker.protocol import Message
from .clock import SystemClock
from .envelope import Envelope
from .errors import Fault, Refused
from .handling import HandlerBroke
from .ids import uuid_of
from .parties import Parties
from .tables import ParkedState, parked
from .uow import UnitOfWork

log = logging.getLogger(__name__)

PAUSES = [timedelta(seconds=s) for s in (1, 10, 60, 600, 3600, 21600)]
PATIENCE = timedelta(hours=24)
HOPELESS = (Fault.SENDER, Fault.PLATFORM, Fault.SCHEMA)
"""What the same event will meet again, whenever it is tried: somebody has to act first."""
WHOLE, SOURCE, NOTHING = "stream", "source", ""

FIRST_PARKED = select(
    parked.c.stream,
    parked.c.source,
    parked.c.holds,
    parked.c.told_of,
    func.min(parked.c.sequence).label("first"),
).group_by(parked.c.stream, parked.c.source, parked.c.holds, parked.c.told_of)
"""Of each source, on each stream, as the envelope was read; the headers are the sender's."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a source has parked on a stream: the first of it by its own count, and whether it holds all sources back."""

    source: str
    stream: UUID | None
    sequence: int
    whole: bool = False

    def holds(self, envelope: Envelope) -> bool:
        """Not what the same source told before it: that comes late, and is perhaps what it lacks."""
        if self.source != envelope.source:
            return self.whole
        return self.stream != envelope.stream or self.sequence <= envelope.sequence


@dataclass
class Held:
    """Which events of a batch must queue behind what is parked already."""

    standing: dict[UUID, list[Standing]] = field(default_factory=dict[UUID, list[Standing]])

    def holds(self, key: UUID, envelope: Envelope) -> bool:
        return any(each.holds(envelope) for each in self.standing.get(key, ()))

    def add(self, key: UUID, standing: Standing) -> None:
        self.standing.setdefault(key, []).append(standing)


class Parking:
    """Puts rows in and says what they hold back. Its times are real, also where the platform's clock stands still."""

    def __init__(self, organisation: str, parties: Parties, *, order_free: bool) -> None:
        self.organisation = organisation
        self.parties = parties
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
        rows = await uow.session.execute(FIRST_PARKED.where(parked.c.stream.in_(keys)))
        for row in rows:
            held.add(row.stream, Standing(row.source, row.told_of, row.first or 0, whole=row.holds == WHOLE))
        return held

    def holds(self, state: ParkedState, source: str) -> str:
        """What a row of that state holds back: its whole stream, what its source tells of it, or nothing."""
        if state is ParkedState.BEHIND:
            return NOTHING
        own = source.startswith(f"/{self.organisation}/") or not source
        return WHOLE if own and state is not ParkedState.WAITING else SOURCE

    async def behind(self, uow: UnitOfWork, key: UUID, message: Message, envelope: Envelope) -> None:
        """Keeps an event in order behind one that is parked."""
        await self._insert(uow, key, message, envelope, state=ParkedState.BEHIND, cause=Fault.WAITING)

    async def park(self, uow: UnitOfWork, key: UUID, message: Message, envelope: Envelope, error: Exception) -> None:
        """Parks what just failed for the first time."""
        cause, said = judge(error)
        state, next_at = self.next_try(cause, attempts=1, since=self.clock.now())
        if state is ParkedState.WAITING:
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
            state=ParkedState.DEAD,
            cause=refusal.fault,
            attempts=1,
            error=judge(refusal)[1],
        )

    def next_try(self, cause: Fault, *, attempts: int, since: datetime) -> tuple[ParkedState, datetime | None]:
        """State and time after a failure: waits, tried again later, or dead.

        What waits is woken by the next commit of its stream. It is also tried now and then, since that commit may
        have come just before it was parked, or in another process.
        """
        now = self.clock.now()
        if cause is Fault.WAITING:
            if now >= since + PATIENCE:
                return ParkedState.DEAD, None
            return ParkedState.WAITING, min(now + max(PAUSES[0], (now - since) / 2), since + PATIENCE)
        if cause in HOPELESS or attempts > len(PAUSES):
            return ParkedState.DEAD, None
        return ParkedState.FAILED, now + PAUSES[attempts - 1] * random.uniform(0.8, 1.2)

    async def _insert(
        self,
        uow: UnitOfWork,
        key: UUID,
        message: Message,
        envelope: Envelope | None,
        *,
        state: ParkedState,
        cause: Fault,
        attempts: int = 0,
        error: str | None = None,
        next_at: datetime | None = None,
    ) -> None:
        now = self.clock.now()
        source = envelope.source if envelope else ""
        row = {
            "stream": key,
            "source": source,
            "told_of": envelope.stream if envelope else None,
            "sequence": envelope.sequence if envelope else None,
            "event_id": envelope.id if envelope else None,
            "type": envelope.type if envelope else "",
            "headers": {_kept(str(k)): _kept(str(v)) for k, v in message.headers.items()},
            "body": message.body,
            "user_id": message.user_id,
            "state": str(state),
            "holds": self.holds(state, source),
            "cause": str(cause),
            "attempts": attempts,
            "first_error": error,
            "last_error": error,
            "first_at": now if attempts else None,
            "last_at": now if attempts else None,
            "parked_at": now,
            "next_at": next_at,
            "died_at": now if state is ParkedState.DEAD else None,
            "untold": state is ParkedState.DEAD or None,
        }
        await uow.session.execute(parked.insert().values(row))


def _kept(text: str) -> str:
    """As both databases can give it back: PostgreSQL reads no JSON that has a zero or half a character in it."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


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
    if isinstance(error, HandlerBroke):
        return Fault.RECEIVER, type(error).__name__
    return Fault.PLATFORM, type(error).__name__

"""What may come in: an event that can be read, from somebody who may tell it, for the first time."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select, tuple_

from shared import tables
from shared.broker.protocol import Message
from shared.clock import SystemClock
from shared.db import Database
from shared.envelope import Envelope, from_message
from shared.errors import Fault, Refused
from shared.events import Heard
from shared.parties import Parties
from shared.subscriptions import Subscription, Subscriptions
from shared.uow import UnitOfWork
from shared.writes import Into, insert_rows

log = logging.getLogger(__name__)

KEYS = Into(tables.inbox, key=("source", "id"), updates=())
SKEW = timedelta(minutes=5)
"""How far another organisation's clock may be ahead."""


class NotYours(Refused):
    """The sender may not tell this."""


class OtherContent(Refused):
    """The same event was heard before with another content."""


class FromTheFuture(Refused):
    """Another organisation tells a fact that has not happened yet."""


class NewerContract(Refused):
    """This major version of the event is not understood here yet."""

    fault = Fault.SCHEMA


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that is an event, from somebody who may tell it."""

    message: Message
    envelope: Envelope

    @property
    def key(self) -> UUID:
        """What is locked, parked and waited for: the case where there is one, else the stream."""
        return self.envelope.case_id or self.envelope.stream

    @property
    def hash(self) -> bytes:
        return self.envelope.fingerprint(self.message.body)


@dataclass(frozen=True, slots=True)
class Claimed:
    """Deliveries that are heard for the first time, and those whose id came before with another content."""

    fresh: Sequence[Delivery]
    other: Sequence[Delivery]


class Admission:
    """Checks who tells what, and claims the keys that make an event happen once."""

    def __init__(self, database: Database, subscriptions: Subscriptions, parties: Parties) -> None:
        self.subscriptions = subscriptions
        self._may_tell = lru_cache(maxsize=4096)(parties.may_tell)
        self.whoami = database.whoami
        self.clock = database.clock
        self._sources: dict[str, int] = {}

    def admit(self, message: Message) -> Delivery:
        """The message as an event, before any key is claimed.

        Raises `NoCloudEvent`, `NotYours`, `FromTheFuture`.
        """
        envelope = from_message(message)
        if not self._may_tell(message.user_id or "", envelope.source, envelope.type):
            raise NotYours("Tell only what your broker user is registered for.")
        outside = envelope.organisation != self.whoami.organisation
        if outside and envelope.time > max(self.clock.now(), SystemClock().now()) + SKEW:
            raise FromTheFuture("Give the time at which it happened.")
        if envelope.audience is not None and outside:
            envelope = replace(envelope, audience=None)
        return Delivery(message, envelope)

    def read(self, delivery: Delivery) -> list[tuple[Envelope, Subscription, Heard]]:
        """What each handler hears of it; none if nobody does. Raises `NewerContract`, and what a body raises."""
        envelope = delivery.envelope
        rows = self.subscriptions.of(envelope)
        if not rows and self.subscriptions.knows(envelope.type):
            raise NewerContract("Upgrade this service; it is tried again when the service starts.")
        return [(envelope, row, row.heard.read(envelope, delivery.message.body)) for row in rows]

    def for_others(self, envelope: Envelope) -> bool:
        return envelope.addressee is not None and envelope.addressee != self.whoami.organisation

    async def claim(self, uow: UnitOfWork, deliveries: Sequence[Delivery]) -> Claimed:
        """Claims the keys of a batch. What is known already, with the same content, is in neither list."""
        first: dict[tuple[int, UUID], Delivery] = {}
        again: list[tuple[tuple[int, UUID], Delivery]] = []
        for d in deliveries:
            key = (await self._number(uow, d.envelope.source), d.envelope.id)
            if first.setdefault(key, d) is not d:
                again.append((key, d))
        rows = [{"source": s, "id": i, "hash": d.hash} for (s, i), d in first.items()]
        new = await insert_rows(await uow.session.connection(), KEYS, rows, "source", "id")
        claimed = {(row.source, row.id) for row in new}
        again += [(key, d) for key, d in first.items() if key not in claimed]
        known = await self._hashes(uow, {key for key, _ in again})
        other = [d for key, d in again if known[key] != d.hash]
        for d in other:
            log.error("event %s from %s was heard with another content", d.envelope.id, d.envelope.source)
        return Claimed([d for key, d in first.items() if key in claimed], other)

    async def require_same(self, uow: UnitOfWork, delivery: Delivery) -> None:
        """Raises `OtherContent` where the key of an event belongs to another content."""
        number = await self._number(uow, delivery.envelope.source)
        known = await self._hashes(uow, {(number, delivery.envelope.id)})
        if known.get((number, delivery.envelope.id), delivery.hash) != delivery.hash:
            raise OtherContent("Tell a correction as an event of its own.")

    async def _hashes(self, uow: UnitOfWork, keys: set[tuple[int, UUID]]) -> dict[tuple[int, UUID], bytes]:
        if not keys:
            return {}
        query = select(tables.inbox).where(tuple_(tables.inbox.c.source, tables.inbox.c.id).in_(keys))
        return {(row.source, row.id): row.hash for row in await uow.session.execute(query)}

    async def _number(self, uow: UnitOfWork, source: str) -> int:
        """Sources are numbered, since their keys are kept for ever.

        Looked for before it is inserted: each try to insert would use up one of the 32,767 numbers.
        """
        if source in self._sources:
            return self._sources[source]
        query = select(tables.source.c.number).where(tables.source.c.name == source)
        number = await uow.session.scalar(query)
        if number is None:
            await uow.session.execute(uow.insert(tables.source).values(name=source).on_conflict_do_nothing())
            number = await uow.session.scalar(query)
        assert number is not None
        known = number
        uow.after_commit.append(lambda: self._sources.__setitem__(source, known))
        return known

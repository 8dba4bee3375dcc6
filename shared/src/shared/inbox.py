"""The inbox: each event is handled once, in the order of its stream, and what fails blocks its case, not the queue.

A batch is one transaction without savepoints. If anything raises, the session is thrown away and each half is run
again, down to the one that fails, which is parked in a transaction of its own.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from . import tables
from .broker.protocol import Broker, BrokerAway, Message, queue_of
from .db import CommitUnknown, Database, is_tie
from .envelope import Envelope, from_message
from .errors import Fault, Refused
from .flow import Flow
from .handling import run_handlers
from .ids import uuid7
from .parking import Parking
from .parties import Parties
from .subscriptions import Subscriptions, load_for
from .uow import UnitOfWork

log = logging.getLogger(__name__)

BATCH = 100
AGAIN = 1.0


class NotYours(Refused):
    """The sender may not tell this."""


class OtherContent(Refused):
    """The same event was heard before with another content."""


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


class Inbox:
    """Consumes the queue of one service."""

    def __init__(
        self, database: Database, subscriptions: Subscriptions, parties: Parties, parking: Parking, flow: Flow
    ) -> None:
        self.database = database
        self.subscriptions = subscriptions
        self.parties = parties
        self.parking = parking
        self.flow = flow
        self.queue = queue_of(database.whoami.organisation, database.whoami.service)
        self.unstored = 0
        self._sources: dict[str, int] = {}

    async def run(self, broker: Broker) -> None:
        """Until cancelled. While broker or database are away nothing is acked; it starts anew on a new connection."""
        while True:
            try:
                async with broker.consumer(self.queue, most=BATCH) as batches:
                    async for batch in batches:
                        self.flow.going("consuming")
                        self.unstored = len(batch.messages)
                        if batch.messages:
                            await self.take(batch.messages)
                            await batch.ack()
                        self.unstored = 0
            except (BrokerAway, DBAPIError, CommitUnknown, OSError, TimeoutError) as error:
                self.flow.stalled("consuming", error)
                await asyncio.sleep(AGAIN)

    async def take(self, messages: Sequence[Message]) -> None:
        """Stores all of them: handled, or parked, or known already. When it returns they may be acked."""
        deliveries: list[Delivery] = []
        for message in messages:
            try:
                envelope = from_message(message)
                if not self.parties.may_tell(message.user_id or "", envelope.source, envelope.type):
                    raise NotYours("Tell only what your broker user is registered for.")
                if not self.subscriptions.of(envelope) and self.subscriptions.majors(envelope):
                    raise NewerContract("Upgrade this service, then replay.")
                deliveries.append(Delivery(message, envelope))
            except Refused as refusal:
                await self._bury(message, refusal)
        if deliveries:
            await self._store(deliveries)

    async def _store(self, deliveries: Sequence[Delivery]) -> None:
        try:
            await self._together(deliveries)
        except (OSError, TimeoutError, CommitUnknown):
            raise
        except Exception as error:
            if is_tie(error):
                await self._store(deliveries)
            elif is_ours(error):
                raise
            elif len(deliveries) == 1:
                await self._park(deliveries[0], error)
            else:
                middle = len(deliveries) // 2
                await self._store(deliveries[:middle])
                await self._store(deliveries[middle:])

    async def _together(self, deliveries: Sequence[Delivery]) -> None:
        async with self.database.transaction() as uow:
            await uow.lock(*(d.key for d in deliveries))
            fresh = await self._claim(uow, deliveries)
            held = await self.parking.held(uow, {d.key for d in fresh})
            ready: list[Delivery] = []
            for d in fresh:
                if self._for_others(d.envelope):
                    continue
                if held.holds(d.key, d.envelope.source):
                    await self.parking.behind(uow, d.key, d.message, d.envelope)
                    held.add(d.key, d.envelope.source)
                else:
                    ready.append(d)
            heard = [
                (d.envelope, row, row.heard.read(d.envelope, d.message.body))
                for d in ready
                for row in self.subscriptions.of(d.envelope)
            ]
            await load_for(uow, [(row, fact) for _, row, fact in heard])
            hops = {d.envelope.id: d.message.headers.get("traceparent") for d in ready}
            await run_handlers(uow, heard, queue=self.queue, hops=hops)

    def _for_others(self, envelope: Envelope) -> bool:
        return envelope.addressee is not None and envelope.addressee != self.database.whoami.organisation

    async def _claim(self, uow: UnitOfWork, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Those heard for the first time. The same id with another content is kept as a dead letter, and said aloud."""
        first: dict[tuple[int, UUID], Delivery] = {}
        twice: list[tuple[tuple[int, UUID], Delivery]] = []
        for d in deliveries:
            key = (await self._number(uow, d.envelope.source), d.envelope.id)
            if first.setdefault(key, d) is not d:
                twice.append((key, d))
        rows = [{"source": s, "id": i, "hash": d.hash} for (s, i), d in first.items()]
        insert = uow.insert(tables.inbox).on_conflict_do_nothing().returning(tables.inbox.c.source, tables.inbox.c.id)
        claimed = {(row.source, row.id) for row in await uow.session.execute(insert.values(rows))}
        twice += [(key, d) for key, d in first.items() if key not in claimed]
        for (number, id_), d in twice:
            known = select(tables.inbox.c.hash).where(tables.inbox.c.source == number, tables.inbox.c.id == id_)
            if await uow.session.scalar(known) != d.hash:
                log.error("event %s from %s was heard with another content", id_, d.envelope.source)
                refusal = OtherContent("Tell a correction as an event of its own.")
                await self.parking.bury(uow, uuid7(), d.message, refusal, d.envelope)
        return [d for key, d in first.items() if key in claimed]

    async def _number(self, uow: UnitOfWork, source: str) -> int:
        """Sources are numbered, since their keys are kept for ever."""
        if source not in self._sources:
            insert = uow.insert(tables.source).values(name=source).on_conflict_do_nothing()
            await uow.session.execute(insert)
            number = await uow.session.scalar(select(tables.source.c.number).where(tables.source.c.name == source))
            self._numbered(uow, source, number or 0)
            return number or 0
        return self._sources[source]

    def _numbered(self, uow: UnitOfWork, source: str, number: int) -> None:
        uow.after_commit.append(lambda: self._sources.__setitem__(source, number))

    async def _park(self, delivery: Delivery, error: Exception) -> None:
        async with self.database.transaction() as uow:
            await uow.lock(delivery.key)
            if await self._claim(uow, [delivery]):
                await self.parking.park(uow, delivery.key, delivery.message, delivery.envelope, error)

    async def _bury(self, message: Message, refusal: Refused) -> None:
        async with self.database.transaction() as uow:
            await self.parking.bury(uow, uuid7(), message, refusal, None)


class NewerContract(Refused):
    """This major version of the event is not understood here yet."""

    fault = Fault.SCHEMA


def is_ours(error: Exception) -> bool:
    """Our own infrastructure failed: never counted as an attempt of the event."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(state, str):
        return state[:2] in {"08", "53", "57", "58"}
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)

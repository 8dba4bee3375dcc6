"""Takes batches from a queue and stores them.

A batch is one transaction without savepoints. If anything raises, the session is thrown away and each half is run
again, down to the one that fails, which is parked in a transaction of its own.
"""

import asyncio
from collections.abc import Sequence

from shared.broker.protocol import Broker, BrokerAway, Consumer, Message, queue_of
from shared.db import FAULTS, CommitUnknown, Database, is_away, is_tie
from shared.errors import Refused
from shared.flow import Flow
from shared.handling import run_handlers
from shared.parking import Parking
from shared.parties import Parties
from shared.subscriptions import Subscriptions, load_for
from shared.uow import UnitOfWork

from .admission import Admission, Delivery, OtherContent

BATCH = 100
AGAIN = 1.0


class Inbox:
    """Consumes the queue of one service."""

    def __init__(
        self, database: Database, subscriptions: Subscriptions, parties: Parties, parking: Parking, flow: Flow
    ) -> None:
        self.database = database
        self.subscriptions = subscriptions
        self.admission = Admission(database, subscriptions, parties)
        self.parking = parking
        self.flow = flow
        self.queue = queue_of(database.whoami.organisation, database.whoami.service)
        self._consumer: Consumer | None = None

    async def run(self, broker: Broker) -> None:
        """Until cancelled. While broker or database are away nothing is acked; it starts anew on a new connection."""
        while True:
            try:
                async with broker.consumer(self.queue, most=BATCH) as self._consumer:
                    async for batch in self._consumer.batches():
                        if batch.messages:
                            await self.take(batch.messages)
                            await batch.ack()
                        self.flow.going("consuming")
            except (BrokerAway, CommitUnknown, *FAULTS) as error:
                self._consumer = None
                self.flow.stalled("consuming", error)
                await asyncio.sleep(AGAIN)

    async def unread(self) -> int:
        """How many messages are for this service and not stored yet. Raises `BrokerAway` where nobody can know."""
        if self._consumer is None:
            raise BrokerAway("not consuming")
        return await self._consumer.unread()

    async def caught_up(self) -> bool:
        """Whether all that was sent to this service is stored."""
        return not await self.unread()

    async def take(self, messages: Sequence[Message]) -> None:
        """Stores all of them: handled, or parked, or known already. When it returns they may be acked."""
        deliveries: list[Delivery] = []
        for message in messages:
            try:
                deliveries.append(self.admission.admit(message))
            except Refused as refusal:
                await self._bury(message, refusal)
        if deliveries:
            await self._store(deliveries)

    async def _store(self, deliveries: Sequence[Delivery]) -> None:
        try:
            await self._together(deliveries)
        except Exception as error:
            if is_tie(error):
                await self._store(deliveries)
            elif is_away(error):
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
                if self.admission.for_others(d.envelope):
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

    async def _claim(self, uow: UnitOfWork, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        claimed = await self.admission.claim(uow, deliveries)
        for d in claimed.other:
            refusal = OtherContent("Tell a correction as an event of its own.")
            await self.parking.bury(uow, d.message, refusal, d.envelope)
        return claimed.fresh

    async def _park(self, delivery: Delivery, error: Exception) -> None:
        async with self.database.transaction() as uow:
            await uow.lock(delivery.key)
            if await self._claim(uow, [delivery]):
                await self.parking.park(uow, delivery.key, delivery.message, delivery.envelope, error)

    async def _bury(self, message: Message, refusal: Refused) -> None:
        async with self.database.transaction() as uow:
            await self.parking.bury(uow, message, refusal, None)

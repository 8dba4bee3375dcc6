"""Takes batches from a queue and stores them.

A batch is one transaction without savepoints. If anything raises, the session is thrown away and each half is run
again, down to the one that fails, which is parked in a transaction of its own.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from shared.broker.protocol import Broker, BrokerAway, Consumer, Message, queue_of
from shared.db import FAULTS, CommitUnknown, Database, is_away, is_tie
from shared.errors import Refused
from shared.flow import Flow
from shared.handling import run_handlers
from shared.parking import Parking, Standing
from shared.parties import Parties
from shared.rights import Right, Task
from shared.subscriptions import Subscriptions, load_for
from shared.uow import UnitOfWork

from .admission import Admission, Delivery, OtherContent
from .progress import Progress

BATCH = 100
AGAIN = 1.0
PROOF = 5.0


@asynccontextmanager
async def _proving(right: Right) -> AsyncGenerator[None]:
    """Speaks on the connection of the right also while a batch takes long: a silent one is ended by the server."""

    async def prove() -> None:
        while True:
            await asyncio.sleep(PROOF)
            with suppress(*FAULTS):  # whoever takes the next batch finds it out
                await right.prove()

    task = asyncio.create_task(prove())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


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
        self._progress: Progress | None = None

    async def run(self, broker: Broker, *, after: Callable[[], Awaitable[None]] | None = None) -> None:
        """Until cancelled, once `after` is done. While broker or database are away nothing is acked; it starts anew.

        Of several processes one consumes, and only there timers go off: it alone knows what is in hand.
        """
        if after is not None:
            await after()
        while True:
            try:
                turn = self.database.alone(Task.CONSUME, waiting=lambda: self.flow.standing_by("consuming"))
                async with turn as right, broker.consumer(self.queue, most=BATCH) as consumer, _proving(right):
                    await self._consume(Progress(consumer, right, self.database.clock), consumer)
            except (BrokerAway, CommitUnknown, *FAULTS) as error:
                self.flow.stalled("consuming", error)
                await asyncio.sleep(AGAIN)
            finally:
                self._progress = None

    async def _consume(self, progress: Progress, consumer: Consumer) -> None:
        proved = time.monotonic()
        async for batch in consumer.batches():
            if not batch.messages or time.monotonic() - proved > PROOF:
                await progress.prove()
                proved = time.monotonic()
            self._progress = progress
            if batch.messages:
                await self.take(batch.messages)
                await batch.ack()
                progress.stored(len(batch.messages))
            self.flow.going("consuming")

    async def unread(self) -> int | None:
        """How many messages are for this service and not stored yet; nothing where another process consumes them.

        Raises `BrokerAway` where nobody can know.
        """
        if self._progress is None:
            if self.flow.lines["consuming"].standing_by:
                return None
            raise BrokerAway("not consuming")
        return await self._progress.unread()

    @property
    def consuming(self) -> bool:
        """Whether this process is the one that reads the queue."""
        return self._progress is not None

    async def drained(self, *, seconds: float) -> bool:
        """Waits until all that is in the queue now is stored; false if that takes longer. Raises `BrokerAway`."""
        if self._progress is None:
            raise BrokerAway("not consuming")
        return await self._progress.drained(seconds)

    async def stored_until(self) -> datetime | None:
        """Everything sent to this service before this instant is stored; nothing where another process consumes.

        Raises `BrokerAway` where nobody can know.
        """
        if self._progress is None and self.flow.lines["consuming"].standing_by:
            return None
        if self._progress is None:
            raise BrokerAway("not consuming")
        return await self._progress.until()

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
                if held.holds(d.key, d.envelope):
                    await self.parking.behind(uow, d.key, d.message, d.envelope)
                    held.add(d.key, Standing(d.envelope.source, d.envelope.stream, d.envelope.sequence))
                else:
                    ready.append(d)
            heard = [heard for d in ready for heard in self.admission.read(d)]
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

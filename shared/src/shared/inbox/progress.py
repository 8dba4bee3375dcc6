"""How far one consumer has come: until which instant everything that was sent to this service is stored."""

import asyncio
import time
from datetime import UTC, datetime

from shared.broker.protocol import Consumer
from shared.clock import Clock
from shared.rights import Right

START = datetime.min.replace(tzinfo=UTC)
LOOK = 0.1
TAKE_OVER = 15.0
"""Seconds after a take-over: whoever had the right may have a batch in hand, which the queue does not show."""


class Progress:
    """Of one turn at the queue. `right`: what makes it ours alone."""

    def __init__(self, consumer: Consumer, right: Right, clock: Clock) -> None:
        self._consumer = consumer
        self._right = right
        self._clock = clock
        self._asking = asyncio.Lock()
        self._stored = 0
        self._until = START
        self._mark = (START, 0)
        self._believed = time.monotonic() + (TAKE_OVER if right.contested else 0)

    def stored(self, messages: int) -> None:
        """So many more were stored and acked."""
        self._stored += messages

    async def unread(self) -> int:
        """How many messages are for this service and not stored yet. Raises `BrokerAway`."""
        return await self._consumer.unread()

    async def until(self) -> datetime:
        """Everything sent to this service before this instant is stored.

        Also under a load that never ends: the queue is in order, so what was in it when its length was taken is stored
        when as many have been. Raises `BrokerAway`, and `RightLost`: then another has in hand what is not in the queue.
        """
        async with self._asking:
            now = self._clock.now()
            unread = await self._consumer.unread()
            await self._right.prove()
            if time.monotonic() < self._believed:
                return START
            since, enough = self._mark
            if not unread:
                self._until = now
            elif self._stored >= enough:
                self._until, self._mark = since, (now, self._stored + unread)
            return self._until

    async def drained(self, seconds: float) -> bool:
        """Waits until all that is in the queue now is stored; false if that takes longer. No clock is asked.

        Raises `BrokerAway`, and `RightLost`.
        """
        enough: int | None = None
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            unread = await self._consumer.unread()
            await self._right.prove()
            if time.monotonic() >= self._believed:
                enough = self._stored + unread if enough is None else enough
                if not unread or self._stored >= enough:
                    return True
            await asyncio.sleep(LOOK)
        return False

    async def prove(self) -> None:
        """Raises `RightLost`."""
        await self._right.prove()

"""The in-process bus: the same promises as the broker, for the embedded default and for tests.

A publish is confirmed when every subscriber has *stored* the message; nothing is kept here.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from .protocol import Message, Topology, Unroutable, exchange_of, queue_of

PROBE = 5.0


@dataclass(eq=False)
class Entry:
    """A message on its way, and the promise that it will be stored."""

    message: Message
    stored: asyncio.Future[None]


@dataclass(eq=False)
class Queue:
    """What waits for one service."""

    entries: deque[Entry] = field(default_factory=deque[Entry])
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, message: Message) -> asyncio.Future[None]:
        entry = Entry(message, asyncio.get_running_loop().create_future())
        self.entries.append(entry)
        self.arrived.set()
        return entry.stored


class Bus:
    """All exchanges and queues of one process."""

    def __init__(self) -> None:
        self._queues: dict[str, Queue] = {}
        self._bindings: dict[str, list[tuple[re.Pattern[str], Queue]]] = {}

    def apply(self, topology: Topology) -> None:
        """Makes an organisation's exchange, queues and bindings, as the topology tool does on a broker."""
        bindings = self._bindings.setdefault(exchange_of(topology.organisation), [])
        for service, patterns in topology.bindings.items():
            queue = self._queues.setdefault(queue_of(topology.organisation, service), Queue())
            bindings.extend((matcher(pattern), queue) for pattern in patterns)

    @asynccontextmanager
    async def publisher(self) -> AsyncGenerator["Bus"]:
        yield self

    async def publish(self, exchange: str, messages: Sequence[Message]) -> int:
        if exchange not in self._bindings:
            raise Unroutable("there is no such exchange; apply the topology")
        stored = [
            queue.put(message)
            for message in messages
            for queue in dict.fromkeys(
                queue for pattern, queue in self._bindings[exchange] if pattern.fullmatch(f".{message.routing_key}")
            )
        ]
        try:
            await asyncio.gather(*stored)
        finally:
            for promise in stored:
                promise.cancel()
        return len(messages)

    def check(self) -> None:
        """A process is never away from itself."""

    @asynccontextmanager
    async def consumer(self, queue: str, *, most: int = 100) -> AsyncGenerator["Reader"]:
        if queue not in self._queues:
            raise Unroutable("there is no such queue; apply the topology")
        reader = Reader(self._queues[queue], most)
        try:
            yield reader
        finally:
            reader.give_back()


@dataclass(eq=False)
class Taken:
    """A batch out of a queue, which goes back unless it is acked."""

    entries: list[Entry]
    open: list["Taken"]

    @property
    def messages(self) -> Sequence[Message]:
        return [entry.message for entry in self.entries]

    async def ack(self) -> None:
        if self in self.open:
            self.open.remove(self)
        for entry in self.entries:
            if not entry.stored.done():
                entry.stored.set_result(None)


class Reader:
    """One consumer of a queue."""

    def __init__(self, queue: Queue, most: int) -> None:
        self._queue = queue
        self._most = most
        self._taken: list[Taken] = []

    async def batches(self) -> AsyncIterator[Taken]:
        yield Taken([], self._taken)
        while True:
            batch = Taken([], self._taken)
            while self._queue.entries and len(batch.entries) < self._most:
                entry = self._queue.entries.popleft()
                if not entry.stored.cancelled():
                    batch.entries.append(entry)
            if batch.entries:
                self._taken.append(batch)
                yield batch
                continue
            self._queue.arrived.clear()
            try:
                async with asyncio.timeout(PROBE):
                    await self._queue.arrived.wait()
            except TimeoutError:
                yield batch

    async def unread(self) -> int:
        waiting = sum(not entry.stored.cancelled() for entry in self._queue.entries)
        return waiting + sum(len(batch.entries) for batch in self._taken)

    def give_back(self) -> None:
        """What was not acked is first in line again, in its order."""
        for batch in reversed(self._taken):
            self._queue.entries.extendleft(reversed(batch.entries))
        self._taken.clear()


def matcher(pattern: str) -> re.Pattern[str]:
    """A topic pattern as a regular expression: `*` is one word, `#` any number of them, also none."""
    words = [
        r"\.[^.]+" if word == "*" else r"(?:\.[^.]+)*" if word == "#" else rf"\.{re.escape(word)}"
        for word in pattern.split(".")
    ]
    return re.compile("".join(words))

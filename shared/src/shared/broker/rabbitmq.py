"""RabbitMQ: one connection to publish and one to consume, opened anew after any fault, by whoever uses them."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import takewhile
from typing import Any

import aio_pika
import aiormq
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from . import tolerant
from .protocol import BrokerAway, Message, Unroutable

tolerant.install()

HEARTBEAT = 5
CONFIRM = 20.0
PROBE = 5.0
LINGER = 0.03
FEW = 10
PERSISTENT = 2
FAULTS = (
    aio_pika.exceptions.AMQPError,
    aiormq.exceptions.AMQPError,
    OSError,
    RuntimeError,
    asyncio.InvalidStateError,
)


class RabbitMQ:
    """A broker at a URL. Queues and exchanges are made by the topology tool, never here."""

    def __init__(self, url: str) -> None:
        self.url = url

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[AbstractConnection]:
        """A plain connection, closed at the end of the block. Raises `BrokerAway`."""
        try:
            async with asyncio.timeout(10):
                connection = await aio_pika.connect(self.url, heartbeat=HEARTBEAT)
        except (*FAULTS, TimeoutError) as error:
            raise BrokerAway(type(error).__name__) from error
        try:
            yield connection
        except FAULTS as error:
            raise BrokerAway(type(error).__name__) from error
        finally:
            with suppress(*FAULTS, TimeoutError):
                async with asyncio.timeout(5):
                    await connection.close()

    @asynccontextmanager
    async def publisher(self) -> AsyncGenerator["ConfirmedPublisher"]:
        async with self.connection() as connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            yield ConfirmedPublisher(connection, channel)

    @asynccontextmanager
    async def consumer(self, queue: str, *, most: int = 100) -> AsyncGenerator["Line"]:
        async with self.connection() as connection:
            line = Line(connection, await connection.channel(publisher_confirms=False), queue, most)
            await line.open()
            yield line


class ConfirmedPublisher:
    """Publishes persistent, mandatory messages and waits for the broker's word on each."""

    def __init__(self, connection: AbstractConnection, channel: AbstractChannel) -> None:
        self._connection = connection
        self._channel = channel

    async def publish(self, exchange: str, messages: Sequence[Message]) -> int:
        await self._unblocked()
        channel = await self._channel.get_underlay_channel()
        assert isinstance(channel, aiormq.Channel)  # only the class knows that `wait` need not be for the socket
        sent: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(
                channel.basic_publish(
                    message.body,
                    exchange=exchange,
                    routing_key=message.routing_key,
                    properties=properties(message),
                    mandatory=True,
                    wait=False,
                )
            )
            for message in messages
        ]
        try:
            await asyncio.wait(sent, timeout=CONFIRM)
        finally:
            for task in sent:
                task.cancel()
        results: list[Any] = await asyncio.gather(*sent, return_exceptions=True)
        confirmed = len(list(takewhile(lambda result: isinstance(result, Basic.Ack), results)))
        if confirmed == 0:
            if isinstance(results[0], aio_pika.exceptions.PublishError):
                raise Unroutable("the broker could not route it; apply the topology")
            raise BrokerAway(type(results[0]).__name__)
        return confirmed

    def check(self) -> None:
        if self._connection.is_closed or self._channel.is_closed:
            raise BrokerAway("the connection is closed")

    async def _unblocked(self) -> None:
        """A broker under alarm stops reading; what is written now would all arrive later, again and again."""
        transport = self._connection.transport
        if transport is None:
            raise BrokerAway("the connection is closed")
        try:
            async with asyncio.timeout(CONFIRM):
                await transport.connection.ready()
        except TimeoutError as error:
            raise BrokerAway("the broker blocks publishing") from error


class Line:
    """One consumer: the callback only stores; batches are cut from what has arrived."""

    def __init__(self, connection: AbstractConnection, channel: AbstractChannel, queue: str, most: int) -> None:
        self._connection = connection
        self._channel = channel
        self._queue = queue
        self._most = most
        self._arrived: deque[DeliveredMessage] = deque()
        self._news = asyncio.Event()
        self._unacked = 0
        self._cut = False

    async def open(self) -> None:
        self._connection.close_callbacks.add(self._on_close)
        self._channel.close_callbacks.add(self._on_close)
        await self._channel.set_qos(prefetch_count=4 * self._most)
        await self._channel.declare_queue(self._queue, passive=True)
        channel = await self._channel.get_underlay_channel()
        await channel.basic_consume(self._queue, self._on_message)

    async def batches(self) -> AsyncIterator["Deliveries"]:
        last, probed = 0, time.monotonic()
        yield Deliveries(self, self._channel, [])
        while True:
            if self._cut:
                raise BrokerAway("the line to the broker was cut")
            if FEW < last < self._most and len(self._arrived) < self._most:
                await asyncio.sleep(LINGER)
            batch = [self._arrived.popleft() for _ in range(min(self._most, len(self._arrived)))]
            last = len(batch)
            if batch:
                self._unacked += last
                yield Deliveries(self, self._channel, batch)
                continue
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(PROBE):
                    await self._news.wait()
            if time.monotonic() - probed > PROBE:
                await self._look()
                probed = time.monotonic()
                yield Deliveries(self, self._channel, [])

    async def unread(self) -> int:
        """Asked on the very channel that delivers: what the broker sent before its answer has arrived before it."""
        ready = await self._look()
        await asyncio.sleep(0)
        return ready + len(self._arrived) + self._unacked

    def acked(self, number: int) -> None:
        self._unacked -= number

    async def _look(self) -> int:
        """How many wait in the queue. Finds also a deleted queue, a lost consumer and a line that died unnoticed."""
        try:
            async with asyncio.timeout(PROBE):
                found = (await self._channel.declare_queue(self._queue, passive=True)).declaration_result
        except (*FAULTS, TimeoutError) as error:
            raise BrokerAway("the broker does not answer for the queue") from error
        if self._cut or not found.consumer_count:
            raise BrokerAway("the queue has lost its consumer")
        return found.message_count or 0

    async def _on_message(self, message: DeliveredMessage) -> None:
        self._arrived.append(message)
        self._news.set()

    def _on_close(self, *_: object) -> None:
        self._cut = True
        self._news.set()


class Deliveries:
    """A batch of deliveries on one channel, acked by one multiple ack."""

    def __init__(self, line: Line, channel: AbstractChannel, incoming: Sequence[DeliveredMessage]) -> None:
        self._line = line
        self._channel = channel
        self._incoming = incoming

    @property
    def messages(self) -> Sequence[Message]:
        return [_read(delivered) for delivered in self._incoming]

    async def ack(self) -> None:
        """After the commit. A failed ack is no loss: redelivery meets the keys."""
        if not self._incoming:
            return
        tag = self._incoming[-1].delivery_tag
        channel = await self._channel.get_underlay_channel()
        if tag is not None:
            await channel.basic_ack(tag, multiple=True)
        self._line.acked(len(self._incoming))


def _read(delivered: DeliveredMessage) -> Message:
    said = delivered.header.properties
    return Message(
        id=said.message_id or "",
        routing_key=delivered.routing_key or "",
        headers=said.headers or {},
        body=delivered.body,
        user_id=said.user_id,
        content_type=said.content_type or "",
    )


def properties(message: Message) -> Basic.Properties:
    """Persistent, with the sender's user, which the broker checks against who is logged in."""
    return Basic.Properties(
        message_id=message.id,
        headers=dict(message.headers),
        content_type=message.content_type,
        delivery_mode=PERSISTENT,
        user_id=message.user_id,
    )

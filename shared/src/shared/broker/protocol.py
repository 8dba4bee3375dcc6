"""What the platform asks of a broker, whichever it is."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it travels. `user_id` is who sent it, vouched for by the broker when it arrives."""

    id: str
    routing_key: str
    headers: Mapping[str, Any]
    body: bytes
    user_id: str | None
    content_type: str = "application/json"


class BrokerAway(Exception):
    """The broker cannot be reached, or it took back its word; what was not confirmed is unsent."""


class Unroutable(BrokerAway):
    """An exchange or its void queue is gone: the topology must be applied again."""


class Publisher(Protocol):
    """A connection that only publishes."""

    async def publish(self, exchange: str, messages: Sequence[Message]) -> int:
        """Sends in order and waits for the confirms. Returns how many, from the first, are confirmed.

        Fewer than all means: the rest is unknown; open a new publisher before the next try.
        Raises `BrokerAway` when nothing is known to be confirmed.
        """
        ...

    def check(self) -> None:
        """Raises `BrokerAway` if the connection is known to be cut."""
        ...


class Batch(Protocol):
    """Some deliveries in the order of their queue."""

    @property
    def messages(self) -> Sequence[Message]: ...

    async def ack(self) -> None:
        """All of them are stored; the broker may forget them."""
        ...


class Consumer(Protocol):
    """A connection that only consumes."""

    def batches(self) -> AsyncIterator[Batch]:
        """Batches in the order of the queue, an empty one at once and now and then as a sign of life.

        Raises `BrokerAway` when the line is cut.
        """
        ...

    async def unread(self) -> int:
        """How many messages wait in the queue or were handed to this consumer and not acked. Raises `BrokerAway`."""
        ...


class Broker(Protocol):
    """Opens publishers and consumers. Each is one connection of its own, gone when its context ends."""

    def publisher(self) -> AbstractAsyncContextManager[Publisher]: ...

    def consumer(self, queue: str, *, most: int = 100) -> AbstractAsyncContextManager[Consumer]:
        """Hands out batches of at most `most` messages."""
        ...


def exchange_of(organisation: str) -> str:
    return f"samspar.{organisation}"


def queue_of(organisation: str, service: str) -> str:
    return f"samspar.{organisation}.{service}"


@dataclass(frozen=True)
class Topology:
    """Which queues one organisation has, and what each hears: binding patterns by service.

    `recipients`: organisations to whose exchanges it sends. `users`: of services whose broker user is not
    `<organisation>.<service>`.
    """

    organisation: str
    bindings: Mapping[str, Sequence[str]]
    recipients: Sequence[str] = ()
    users: Mapping[str, str] = field(default_factory=dict[str, str])

"""A broker whose every wire a test holds in its hand: what is confirmed, what arrives, when; for tests of the kit."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random

from shared.broker.protocol import Consumer, Message

from .numbers import Numbers


@dataclass
class Wires:
    """Takes what is published and keeps it until the test delivers it.

    `confirms`: how many of the next publish are confirmed; None, all of them. Of the rest some may arrive all the
    same, as where a line is cut before the answer.
    """

    dice: Random
    confirms: int | None = None
    arrived: list[Message] = field(default_factory=list[Message])
    rested: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def publisher(self) -> AsyncGenerator["Wires"]:
        try:
            yield self
        finally:
            self.rested.set()

    async def publish(self, exchange: str, messages: Sequence[Message]) -> int:  # noqa: ARG002 -- the protocol's signature
        confirmed = len(messages) if self.confirms is None else min(self.confirms, len(messages))
        self.confirms = None
        rest = messages[confirmed:]
        rest = rest[: self.dice.randint(0, len(rest))]
        self.arrived += [*messages[:confirmed], *rest]
        return confirmed

    def check(self) -> None:
        """It is asked when nothing is left to send."""
        self.rested.set()

    def consumer(self, queue: str, *, most: int = 100) -> AbstractAsyncContextManager[Consumer]:
        raise NotImplementedError("what has arrived, the test delivers")


async def sent_by(service: Numbers, wires: Wires) -> list[Message]:
    """Its relay sends until nothing is left, or something was not confirmed. Returns what has arrived."""
    wires.rested.clear()
    wires.arrived.clear()
    service.relay.broker = wires
    work = asyncio.ensure_future(service.relay.run())
    try:
        async with asyncio.timeout(20):
            await wires.rested.wait()
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
    return list(wires.arrived)

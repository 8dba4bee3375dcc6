"""I14: what `/flowz` says of each service, second by second, beside what was really the matter."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bench.ground import SERVICES

from .stage import Stage
from .wire import NoAnswer, Wire

LOOK = 1.0
NOTICED = 20.0
"""Seconds within which a fault shows, and its end."""


class Witness:
    """Asks all services again and again. `greens`: when each said that all flows."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.greens: dict[str, list[float]] = {name: [] for name in SERVICES}

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """While the block runs."""
        asking = asyncio.create_task(self._ask())
        try:
            yield
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _ask(self) -> None:
        with Wire() as wire:
            while True:
                for name in SERVICES:
                    asked = time.monotonic()
                    try:
                        answer = await wire.ask(self.stage.deployment.ports[name], "GET", "/flowz", {})
                    except NoAnswer:
                        continue
                    if answer.status == 200:
                        self.greens[name].append(asked)
                await asyncio.sleep(LOOK)

    def liars(self, since: float, until: float) -> list[str]:
        """Who said that all flows while nothing could, from 20 s after it began."""
        said = {
            name: [at - since for at in greens if since + NOTICED < at < until] for name, greens in self.greens.items()
        }
        return [
            f"{name} says that all flows {at[-1]:.0f} s after the broker has gone" for name, at in said.items() if at
        ]

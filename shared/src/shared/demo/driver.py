"""Drives a demo: moves the clock when all is quiet, and has each turn of the script taken."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import Unavailable

from .making import Making
from .script import Turn
from .world import World

QUIET_WITHIN = 180.0
LOOK = 0.03

Progress = Callable[[int, int, datetime, str], None]


@dataclass(frozen=True)
class Reach:
    """How the driver gets at the services themselves: over HTTP, or in their own process.

    `look`: what a service's `/flowz` says, or nothing while it is away or stalled. `move`: its clock, to an instant.
    """

    look: Callable[[str], Awaitable[dict[str, Any] | None]]
    move: Callable[[str, datetime], Awaitable[None]]


class NeverQuiet(Unavailable):
    """The services did not come to rest."""


class Driver:
    """Plays one script. Run again over the same directory it repeats what was done, which does nothing, and goes on."""

    def __init__(self, world: World, making: Making, reach: Reach, progress: Progress) -> None:
        self.world = world
        self.making = making
        self.reach = reach
        self.progress = progress
        self._now = world.script.begins
        self._next_timer: datetime | None = None

    async def play(self) -> None:
        """Until every move is made and everything due by then is done."""
        turns = self.world.script.in_order()
        self._next_timer = await self._quiet()
        for done, turn in enumerate(turns):
            self.progress(done, len(turns), turn.at, turn.words)
            await self._until(turn.at)
            await self._take(turn)
            self._next_timer = await self._quiet()
        self.progress(len(turns), len(turns), self._now, "done")

    async def _take(self, turn: Turn) -> None:
        if turn.move is not None and turn.person is not None:
            await self.making.make(turn.move, turn.person, turn.n)
        elif (document := self.world.script.document) is not None:
            await self.making.send(document)

    async def _until(self, instant: datetime) -> None:
        """Moves the clock, stopping at every timer on the way, so that what falls due is told at its own time."""
        while self._now < instant:
            rings = self._next_timer is not None and self._next_timer <= instant
            self._now = self._next_timer if self._next_timer is not None and rings else instant
            await asyncio.gather(*(self.reach.move(name, self._now) for name in self.world.ports))
            if rings:
                self._next_timer = await self._quiet()

    async def _quiet(self) -> datetime | None:
        """Waits until nobody has anything to send, read or do that is due, twice in a row. Returns the next timer."""
        before: list[int] | None = None
        busy: dict[str, str] = {}
        try:
            async with asyncio.timeout(QUIET_WITHIN):
                while True:
                    seen = await asyncio.gather(*(self.reach.look(name) for name in self.world.ports))
                    flows = {name: flow for name, flow in zip(self.world.ports, seen, strict=True) if flow is not None}
                    busy = {name: said for name in self.world.ports if (said := _busy(flows.get(name)))}
                    told = None if busy else [flow["told"] for flow in flows.values()]
                    if told is not None and told == before:
                        timers = [datetime.fromisoformat(f["nextTimer"]) for f in flows.values() if f["nextTimer"]]
                        return min((at for at in timers if at > self._now), default=None)
                    before = told
                    if busy:
                        await asyncio.sleep(LOOK)
        except TimeoutError:
            still = ", ".join(f"{name} {said}" for name, said in busy.items())
            raise NeverQuiet(f"Look at its /flowz: {still or 'something is told all the time'}.") from None


def _busy(flow: dict[str, Any] | None) -> str:
    """What a service has to do still, in words; empty where it rests."""
    if flow is None:
        return "is away or stalled"
    counts = {name: flow[name] for name in ("unsent", "unread", "timersDue")}
    counts["failed"] = flow["parked"].get("failed", 0)
    return " ".join(f"{name}={count}" for name, count in counts.items() if count != 0)

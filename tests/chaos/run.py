"""One run: the load, the faults in the midst of it, the quiet after, and what was found to be broken."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.ground import Ground

from .clocked import ShiftedClock
from .faults import Striker
from .found import Found, found
from .invariants import INVARIANTS
from .load import Load
from .outage import outage
from .plan import Fault
from .quiet import NeverQuiet, bounded, quiet
from .replay import replayed
from .stage import Stage, staged

LOOK = 0.02
TOLD = 10.0


@dataclass(frozen=True)
class Scale:
    """How much, and how long it may take. `rate`: referrals a second. `loaded`, `rests`: seconds until given up;
    `patience`: seconds without any progress.

    `outage`: seconds that the broker is away after all other faults.
    """

    referrals: int
    faults: int
    rate: float
    loaded: float
    rests: float
    patience: float
    outage: float = 0.0


@dataclass
class Outcome:
    """What came of a run: the breaches by invariant, and the seconds that its parts took."""

    breaches: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    answers: dict[str, int] = field(default_factory=dict[str, int])
    starts: dict[str, int] = field(default_factory=dict[str, int])
    lost_with_queues: int = 0

    def add(self, invariant: str, breaches: Sequence[str]) -> None:
        if breaches:
            self.breaches.setdefault(invariant, []).extend(breaches)


async def run(
    ground: Ground, directory: Path, faults: Sequence[Fault], scale: Scale, tell: Callable[[str], None]
) -> Outcome:
    """On fresh databases and queues of those servers. The logs of the services are in the directory afterwards."""
    outcome, clock = Outcome(), _Watch()
    async with AsyncExitStack() as until_judged:
        stage = await until_judged.enter_async_context(staged(ground, directory))
        await quiet(stage, within=scale.rests, tell=tell)
        outcome.seconds["start"] = clock.lap()
        load = Load(stage, ShiftedClock(stage.shift), scale.referrals, scale.rate)
        striker = Striker(stage)
        await _play(load, striker, faults, scale, outcome, tell)
        outcome.seconds["load and faults"] = clock.lap()
        outcome.answers = dict(sorted(load.answers.items()))
        outcome.starts = {name: process.starts for name, process in stage.processes.items()}
        outcome.lost_with_queues = striker.lost_with_queues
        await _rest(stage, outcome, scale, tell)
        outcome.seconds["to rest"] = clock.lap()
        loads = [load]
        if scale.outage and not outcome.breaches:
            later, breaches = await outage(stage, scale.outage, scale.referrals, scale.loaded, tell)
            for name, broken in breaches.items():
                outcome.add(name, broken)
            loads.append(later)
            await _rest(stage, outcome, scale, tell)
            outcome.seconds["outage"] = clock.lap()
        await _judge(stage, loads, outcome, scale, tell)
        outcome.seconds["judgement"] = clock.lap()
    return outcome


async def _play(
    load: Load,
    striker: Striker,
    faults: Sequence[Fault],
    scale: Scale,
    outcome: Outcome,
    tell: Callable[[str], None],
) -> None:
    """The load with the faults in it, until both are over, or nothing goes on, or the time is over."""
    loading = asyncio.create_task(load.run())
    striking = asyncio.create_task(_strike(load, striker, faults, tell))
    watching = asyncio.create_task(_stuck(load, striker, scale, tell))
    try:
        async with asyncio.timeout(scale.loaded):
            await asyncio.wait([loading, watching], return_when=asyncio.FIRST_COMPLETED)
            if loading.done():
                await asyncio.gather(loading, striking)
    except TimeoutError:
        pass
    finally:
        if not loading.done():
            outcome.add("I6 termination", [f"the partners were not done: {load.said()}"])
        load.given_up = True
        watching.cancel()
        loading.cancel()
        await asyncio.gather(watching, loading, return_exceptions=True)
        await asyncio.gather(striking, return_exceptions=True)


async def _stuck(load: Load, striker: Striker, scale: Scale, tell: Callable[[str], None]) -> None:
    """Ends when nothing went on for long although no fault lasts; says meanwhile how far all are."""
    before, since, told = -1, time.monotonic(), time.monotonic()
    while time.monotonic() - since < scale.patience:
        await asyncio.sleep(1)
        done = len(load.cases) + load.moved
        if done != before or striker.lasting:
            before, since = done, time.monotonic()
        if time.monotonic() - told > TOLD:
            told = time.monotonic()
            tell(load.said())


async def _strike(load: Load, striker: Striker, faults: Sequence[Fault], tell: Callable[[str], None]) -> None:
    """Each fault when so many are referred, whatever still lasts. Ends when all are mended."""
    async with asyncio.TaskGroup() as striking:
        for fault in faults:
            while load.progress < fault.at:
                if load.given_up:
                    return
                await asyncio.sleep(LOOK)
            tell(fault.said())
            striking.create_task(striker.strike(fault))


async def _rest(stage: Stage, outcome: Outcome, scale: Scale, tell: Callable[[str], None]) -> None:
    try:
        await quiet(stage, within=scale.rests, tell=tell)
    except NeverQuiet as error:
        outcome.add("I6 termination", [f"never quiet: {error}"])


async def _judge(
    stage: Stage, loads: Sequence[Load], outcome: Outcome, scale: Scale, tell: Callable[[str], None]
) -> None:
    async with found(stage, loads) as evidence:
        for name, holds in INVARIANTS.items():
            outcome.add(name, await holds(evidence))
        outcome.add("I9 bounded", await bounded(evidence))
        if not outcome.breaches:
            outcome.add("I8 replay", await _again(evidence, scale, tell))


async def _again(evidence: Found, scale: Scale, tell: Callable[[str], None]) -> list[str]:
    try:
        return await replayed(evidence, within=scale.rests, tell=tell)
    except NeverQuiet as error:
        return [f"never quiet: {error}"]


class _Watch:
    def __init__(self) -> None:
        self._at = time.monotonic()

    def lap(self) -> float:
        before, self._at = self._at, time.monotonic()
        return round(self._at - before, 1)

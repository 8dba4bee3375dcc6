"""S1, S2, S5: facts a second through five services. Fill the event logs while all stand ready, and time the drain.

A fact counts once for each service that has stored it (its key in that service's inbox). Two fillings a run: referrals
received, then what people do with the requests that came of it; the figure is the facts of both over their time.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from .contestants import CONTESTANTS
from .ground import Ground
from .journey import BEGINS, stored
from .plain import connected
from .usage import measured

LONGEST = 120.0


@dataclass(frozen=True)
class Drain:
    """One run of one contestant."""

    contestant: str
    facts: int
    seconds: float
    cpu: Mapping[str, float]

    @property
    def rate(self) -> float:
        return self.facts / self.seconds

    def as_dict(self) -> dict[str, Any]:
        per = {label: round(seconds * 1e6 / self.facts) for label, seconds in self.cpu.items()}
        return {
            "contestant": self.contestant,
            "factsPerSecond": round(self.rate, 1),
            "facts": self.facts,
            "seconds": round(self.seconds, 2),
            "cpuSeconds": dict(self.cpu),
            "cpuMicrosecondsPerFact": per,
        }


async def drain(ground: Ground, contestant: str, referrals: int, *, traces: str | None = None) -> Drain:
    """One run on fresh databases and queues. Raises `TimeoutError`, which says how far it came."""
    facts, seconds, spent = 0, 0.0, dict[str, float]()
    async with CONTESTANTS[contestant](ground, traces) as at_work:
        counters = {name: await connected(url) for name, url in at_work.databases.items()}
        expected = dict.fromkeys(counters, 0)
        for nth in range(len(BEGINS)):
            for service, count in stored(nth).items():
                expected[service] += count * referrals
            async with AsyncExitStack() as filling:
                await filling.enter_async_context(at_work.fill(nth, referrals))
                with measured({**at_work.pids, **ground.pids}) as usage:
                    await filling.aclose()
                    await _stored(counters, expected)
            seconds += usage.seconds
            facts += referrals * sum(stored(nth).values())
            for label, cpu in usage.cpu.items():
                spent[label] = round(spent.get(label, 0.0) + cpu, 2)
        for connection in counters.values():
            await connection.close()
    return Drain(contestant, facts, seconds, spent)


async def _stored(counters: Mapping[str, Any], expected: Mapping[str, int]) -> None:
    found: dict[str, int] = {}
    try:
        async with asyncio.timeout(LONGEST):
            while found != expected:
                for name, connection in counters.items():
                    if found.get(name) != expected[name]:
                        found[name] = await connection.fetchval("SELECT count(*) FROM inbox")
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise TimeoutError(f"stored {found} of {dict(expected)}") from None

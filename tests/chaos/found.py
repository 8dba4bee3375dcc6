"""What a run left behind: the databases of all services, the broker, the logs, and what the partners were told."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.deployed import ORGANISATION
from bench.ground import SERVICES
from bench.plain import connected
from shared.broker.embedded import matcher
from shared.broker.protocol import queue_of
from shared.envelope import PREFIX
from shared.installed import bindings

from .load import Load
from .stage import Stage

SHOWN = 3


@dataclass(frozen=True)
class Found:
    """The ground of all judgement."""

    stage: Stage
    loads: Sequence[Load]
    databases: Mapping[str, Any]

    async def rows(self, service: str, sql: str, *values: Any) -> Sequence[Any]:
        return await self.databases[service].fetch(sql, *values)

    async def value(self, service: str, sql: str, *values: Any) -> Any:
        return await self.databases[service].fetchval(sql, *values)

    @property
    def referrals(self) -> int:
        return sum(load.referrals for load in self.loads)

    @property
    def logs(self) -> list[Path]:
        return sorted(self.stage.directory.glob("*.log"))

    def queue(self, service: str) -> dict[str, Any]:
        """As the broker's management shows it, which is a few seconds old. Blocks."""
        return self.stage.ground.rabbitmq.manage("GET", f"/queues/{ORGANISATION}/{queue_of(ORGANISATION, service)}")


@asynccontextmanager
async def found(stage: Stage, loads: Sequence[Load]) -> AsyncGenerator[Found]:
    """Connected past the proxies, while the block runs."""
    databases = {name: await connected(stage.deployment.databases[name]) for name in SERVICES}
    try:
        yield Found(stage, loads, databases)
    finally:
        for connection in databases.values():
            await connection.close()


class Hearing:
    """Which services hear what, by the bindings of their queues."""

    def __init__(self) -> None:
        self._patterns = {name: [matcher(pattern) for pattern in bindings(name)] for name in SERVICES}
        self._known: dict[str, list[str]] = {}

    def of(self, type_: str) -> list[str]:
        """All whose queue takes an event of that type."""
        if type_ not in self._known:
            key = f".{ORGANISATION}.{type_.removeprefix(PREFIX)}"
            self._known[type_] = [
                name for name, patterns in self._patterns.items() if any(p.fullmatch(key) for p in patterns)
            ]
        return self._known[type_]


def said(what: str, rows: Sequence[Any]) -> list[str]:
    """One breach for all rows of a kind, with the first few of them; none where there are none."""
    if not rows:
        return []
    first = ", ".join(" ".join(str(value) for value in row) for row in rows[:SHOWN])
    return [f"{what}: {len(rows)} ({first}{', …' if len(rows) > SHOWN else ''})"]

"""Who runs the journey: the platform, the lean reference and the peer, each as five processes on fresh ground."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import aiormq

from . import filling, lean, lean_sql, peer
from .deployed import deploy, running
from .ground import PATIENCE, SERVICES, Ground, processes
from .journey import BEGINS, HEARD_BY
from .plain import connected

Fill = Callable[[int, int], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Running:
    """A contestant at work. `fill(filling, referrals)`: what begins it is in its event logs when that block ends."""

    pids: Mapping[str, int]
    databases: Mapping[str, str]
    fill: Fill


@asynccontextmanager
async def platform(ground: Ground, traces: str | None) -> AsyncGenerator[Running]:
    """The real services."""
    deployment = await deploy(ground)

    def fill(nth: int, count: int) -> AbstractAsyncContextManager[None]:
        return filling.moves(deployment) if nth else filling.referrals(deployment, count)

    async with running(deployment, traces=traces) as pids:
        yield Running(pids, deployment.databases, fill)


@dataclass(frozen=True)
class Other:
    """The lean reference or the peer: its module, its tables, and how a fact gets into its event log."""

    name: str
    schema: str
    fill: Callable[[Any, Sequence[str], Sequence[UUID]], AbstractAsyncContextManager[None]]
    told: Mapping[str, str] = field(default_factory=dict[str, str])
    single: bool = True

    @asynccontextmanager
    async def __call__(self, ground: Ground, traces: str | None) -> AsyncGenerator[Running]:
        databases = {service: await self._database(ground, service) for service in SERVICES}
        await self._queues(ground.rabbitmq.url)
        told = {
            service: {"BENCH_BROKER": ground.rabbitmq.url, "BENCH_DATABASE": url, "BENCH_TRACES": traces or ""}
            | dict(self.told)
            for service, url in databases.items()
        }
        commands = {service: ["-m", f"bench.{self.name}", service] for service in SERVICES}
        streams: list[UUID] = []

        @asynccontextmanager
        async def fill(nth: int, count: int) -> AsyncGenerator[None]:
            if nth == 0:
                streams[:] = [uuid4() for _ in range(count)]
            async with AsyncExitStack() as stack:
                for service, facts in BEGINS[nth].items():
                    connection = await connected(databases[service])
                    stack.push_async_callback(connection.close)
                    await stack.enter_async_context(self.fill(connection, facts, streams))
                yield

        async with processes(commands, ground.directory, told) as pids:
            await self._consumed(ground.rabbitmq.url)
            yield Running(pids, databases, fill)

    async def _database(self, ground: Ground, service: str) -> str:
        async def make(url: str) -> None:
            connection = await connected(url)
            await connection.execute(self.schema)
            await connection.close()

        await ground.template(f"made_{self.name}", make)
        return await ground.copied(f"{self.name}_{service}", f"made_{self.name}")

    async def _queues(self, url: str) -> None:
        connection = await aiormq.connect(url)
        channel = await connection.channel()
        await channel.exchange_delete(self.name)
        await channel.exchange_declare(self.name, exchange_type="topic", durable=True)
        alone = {"x-single-active-consumer": True} if self.single else {}
        await self._queue(channel, "void", ["#"], {"x-queue-type": "quorum", "x-max-length": 1})
        for service in SERVICES:
            keys = [fact for fact, heard in HEARD_BY.items() if service in heard]
            await self._queue(channel, service, keys, {"x-queue-type": "quorum", **alone})
        await connection.close()

    async def _queue(self, channel: Any, queue: str, keys: Sequence[str], arguments: dict[str, Any]) -> None:
        name = f"{self.name}.{queue}"
        await channel.queue_delete(name)
        await channel.queue_declare(name, durable=True, arguments=arguments)
        for key in keys:
            await channel.queue_bind(name, self.name, key)

    async def _consumed(self, url: str) -> None:
        """Waits until every queue has its consumer."""
        connection = await aiormq.connect(url)
        channel = await connection.channel()
        async with asyncio.timeout(PATIENCE):
            for service in SERVICES:
                queue = f"{self.name}.{service}"
                while not await _consumers(channel, queue):  # noqa: ASYNC110 -- only the broker knows
                    await asyncio.sleep(0.05)
        await connection.close()


async def _consumers(channel: Any, queue: str) -> int:
    return (await channel.queue_declare(queue, passive=True)).consumer_count


LINGER = {"BENCH_LINGER": "0.03"}
CONTESTANTS: Mapping[str, Callable[[Ground, str | None], Any]] = {
    "samspar": platform,
    "lean": Other("lean", lean_sql.SCHEMA, lean.fill, LINGER),
    "lean-hasty": Other("lean", lean_sql.SCHEMA, lean.fill),
    "lean-bare": Other("lean", lean_sql.SCHEMA, partial(lean.fill, whole=False), LINGER | {"BENCH_BARE": "1"}),
    "peer-sqlmodel": Other("peer", peer.SCHEMA, peer.fill, {"BENCH_ORM": "1"}, single=False),
    "peer-asyncpg": Other("peer", peer.SCHEMA, peer.fill, single=False),
}

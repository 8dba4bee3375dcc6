"""The ground a measurement stands on: a private RabbitMQ and PostgreSQL with fsync on, and fresh databases."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from shared.engines import open_engine
from shared.migrate import migrate
from shared.settings import environment
from shared.testing.servers import Postgres, RabbitMQ

from .plain import connected

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
SERVICES = ("referral", "assessment", "booking", "consent", "reporting")
PATIENCE = 90.0

Make = Callable[[Any, str], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Ground:
    """Two servers and a directory to work in."""

    postgres: Postgres
    rabbitmq: RabbitMQ
    directory: Path

    @property
    def pids(self) -> dict[str, int]:
        return {"PostgreSQL": listener(self.postgres.port), "RabbitMQ": listener(self.rabbitmq.port)}

    async def template(self, name: str, make: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        """A database that others are copied from, made once."""
        admin = await connected(self.postgres.url)
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
            await make(self.postgres.database_url(name))
        await admin.close()

    async def copied(self, name: str, template: str) -> str:
        """An empty database with the template's tables, in the place of whatever had that name; its URL."""
        admin = await connected(self.postgres.url)
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        await admin.execute("CHECKPOINT")
        await admin.close()
        return self.postgres.database_url(name)

    async def of_service(self, service: str) -> str:
        """An empty database of that service, as `samspar migrate` leaves it."""

        async def make(url: str) -> None:
            engine = open_engine(url)
            await migrate(engine, service)
            await engine.dispose()

        await self.template(f"made_{service}", make)
        return await self.copied(f"samspar_{service}", f"made_{service}")


def listener(port: int) -> int:
    """The process that listens on that port of this machine."""
    for connection in psutil.net_connections("tcp4"):
        if connection.status == psutil.CONN_LISTEN and tuple(connection.laddr)[1:] == (port,) and connection.pid:
            return connection.pid
    raise LookupError(f"nobody listens on {port}")


@asynccontextmanager
async def processes(
    commands: Mapping[str, Sequence[str]], directory: Path, told: Mapping[str, Mapping[str, str]]
) -> AsyncGenerator[dict[str, int]]:
    """Python programs by label, with what each is told by its environment; their process ids. Ended with the block."""
    running: dict[str, asyncio.subprocess.Process] = {}
    try:
        for label, command in commands.items():
            with (directory / f"{label}.log").open("ab") as log:
                running[label] = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    cwd=TESTS,
                    env=environment() | dict(told.get(label, {})),
                )
        yield {label: process.pid for label, process in running.items()}
    finally:
        for process in running.values():
            with suppress(ProcessLookupError):
                process.terminate()
        for process in running.values():
            try:
                await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                process.kill()
                await process.wait()


async def until(true: Callable[[], Coroutine[Any, Any, bool]], what: str, *, within: float = PATIENCE) -> None:
    """Asks again and again. Raises `TimeoutError`, which says what did not come."""
    try:
        async with asyncio.timeout(within):
            while not await true():  # noqa: ASYNC110 -- what is waited for is in other processes
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise TimeoutError(f"{what} did not come within {within:g} s") from None

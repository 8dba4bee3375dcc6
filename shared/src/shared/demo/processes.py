"""Services as processes of their own on real servers: started, watched, and started again when they end."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from shared import topology
from shared.broker.protocol import BrokerAway
from shared.engines import open_engine
from shared.errors import Refused
from shared.installed import bindings
from shared.parties import Parties
from shared.settings import environment

from .world import World

PAUSE = 0.3
PATIENCE = 60.0

server_again = retry(
    retry=retry_if_exception_type((BrokerAway, OSError, DBAPIError)),
    wait=wait_fixed(1),
    stop=stop_after_delay(PATIENCE),
    reraise=True,
)


class NotTheDemos(Refused):
    """A database of that name holds something else than a demo."""


@asynccontextmanager
async def running(world: World) -> AsyncGenerator[None]:
    """Databases, queues and services, until the block ends; services that end are started again."""
    assert world.servers is not None
    if not world.resumed:
        for name in world.ports:
            await _fresh_database(world, name)
    for name in world.ports:
        await _made(world, name)
    await _topology(world)
    world.began()
    watched = [asyncio.create_task(_watch(world, name)) for name in world.ports]
    try:
        yield
    finally:
        for task in watched:
            task.cancel()
        await asyncio.gather(*watched, return_exceptions=True)


async def _watch(world: World, name: str) -> None:
    """One service, for ever. It ends by itself when the other end of its standard input is gone."""
    command = [sys.executable, "-m", "shared.cli", "up", name, "--while-stdin"]
    log = world.directory / f"{name}.log"
    while True:
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output, env=_environment(world, name)
            )
        try:
            await process.wait()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            raise
        await asyncio.sleep(PAUSE)


def _environment(world: World, name: str) -> dict[str, str]:
    told = {
        f"SAMSPAR_{key.upper()}": str(value.get_secret_value() if isinstance(value, SecretStr) else value)
        for key, value in world.settings(name).items()
    }
    return environment() | told


@server_again
async def _made(world: World, name: str) -> None:
    """The service's database, where it is not there yet."""
    async with _server(world) as server:
        if not await _exists(server, world.database(name)):
            await server.execute(text(f'CREATE DATABASE "{world.database(name)}"'))


@server_again
async def _fresh_database(world: World, name: str) -> None:
    """Drops what an earlier demo left. Raises `NotTheDemos` for a database that no demo's clock was ever in."""
    async with _server(world) as server:
        if await _exists(server, world.database(name)):
            if not await _is_a_demos(world, name):
                database = world.database(name)
                raise NotTheDemos("Give a server that has no such database, or drop it yourself.", database=database)
            await server.execute(text(f'DROP DATABASE "{world.database(name)}" WITH (FORCE)'))


async def _exists(server: AsyncConnection, database: str) -> bool:
    found = text("SELECT 1 FROM pg_database WHERE datname = :name")
    return bool(await server.scalar(found, {"name": database}))


async def _is_a_demos(world: World, name: str) -> bool:
    engine = open_engine(world.settings(name)["database_url"].get_secret_value())
    try:
        async with engine.connect() as connection:
            tables = await connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
            clock = await connection.scalar(text("SELECT to_regclass('public.demo_clock') IS NOT NULL"))
            return not tables or bool(clock and await connection.scalar(text("SELECT count(*) FROM demo_clock")))
    finally:
        await engine.dispose()


@asynccontextmanager
async def _server(world: World) -> AsyncGenerator[AsyncConnection]:
    """The server itself, where databases are made and dropped: outside any transaction."""
    assert world.servers is not None
    engine = open_engine(urlunsplit(urlsplit(world.servers.database)._replace(path="/postgres")))
    try:
        async with engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")
    finally:
        await engine.dispose()


@server_again
async def _topology(world: World) -> None:
    """The demo's exchange and queues. What an earlier demo left in them is of cases that are gone, and ignored."""
    assert world.servers is not None
    hear = {name: bindings(name) for name in world.ports}
    wanted = topology.of_parties(Parties.load(world.parties), hear)
    await topology.apply(world.servers.broker, wanted)

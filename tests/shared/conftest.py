"""The worlds in which the kit is tested: each database with each broker."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from shared.broker import connect
from shared.broker.connect import bus
from shared.broker.protocol import Broker, Topology
from shared.testing.numbers import make_tables, opened
from shared.testing.servers import Postgres, RabbitMQ, Vhost
from shared.testing.world import World, two_names, two_parties
from shared.topology import apply

Databases = Callable[[], Awaitable[str]]
Brokers = Callable[[list[Topology]], Awaitable[Callable[[str], Broker]]]


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """The name of a database with the tables, to be copied."""
    url = postgres.create_database()

    async def fill() -> None:
        database = opened(url, "here", "teller")
        await make_tables(database)
        await database.close()

    with ThreadPoolExecutor(1) as outside_of_the_test_s_loop:
        outside_of_the_test_s_loop.submit(lambda: asyncio.run(fill())).result()
    return url.rpartition("/")[2]


@pytest.fixture
def postgres_databases(postgres: Postgres, template: str) -> Iterator[Databases]:
    postgres.start()
    urls: list[str] = []

    async def create() -> str:
        name = f"t{uuid4().hex}"
        await asyncio.to_thread(postgres.run, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        urls.append(postgres.database_url(name))
        return urls[-1]

    yield create
    postgres.start()
    for url in urls:
        postgres.drop_database(url)


@pytest.fixture
def sqlite_databases(tmp_path: Path) -> Databases:
    async def create() -> str:
        return f"sqlite:///{tmp_path}/{uuid4().hex}.db"

    return create


@pytest.fixture(scope="session")
def common_vhost(rabbitmq: RabbitMQ) -> Iterator[Vhost]:
    rabbitmq.start()
    with rabbitmq.vhost() as vhost:
        yield vhost


@pytest.fixture
def rabbitmq_brokers(rabbitmq: RabbitMQ, common_vhost: Vhost, tmp_path: Path) -> Brokers:
    """Brokers of services that log in as themselves."""
    rabbitmq.start()
    return brokers_of(common_vhost, tmp_path / "passwords.json")


def brokers_of(vhost: Vhost, passwords: Path, *, settle: float = 0) -> Brokers:
    async def create(topologies: list[Topology]) -> Callable[[str], Broker]:
        await apply(vhost.url, topologies, management_url=vhost.management_url, passwords=passwords, settle=settle)
        known = read(passwords)
        address = vhost.url.partition("@")[2]
        return lambda user: connect(f"amqp://{user}:{known[user]}@{address}")

    return create


def read(passwords: Path) -> dict[str, str]:
    return json.loads(passwords.read_bytes())


async def embedded_broker(topologies: list[Topology]) -> Callable[[str], Broker]:
    made = bus(f"embedded://{topologies[0].organisation}")
    for topology in topologies:
        made.apply(topology)
    return lambda _: made


@asynccontextmanager
async def world_of(databases: Databases, brokers: Brokers) -> AsyncGenerator[World]:
    here, there = two_names()
    parties = two_parties(here, there)
    world = World(here, there, parties, lambda _: bus(here), databases)
    world.broker_of = await brokers(world.topologies)
    async with AsyncExitStack() as exits:
        exits.push_async_callback(world.close)
        yield world


@pytest.fixture(params=["sqlite+bus", "postgres+rabbitmq", "sqlite+rabbitmq", "postgres+bus"])
async def world(request: pytest.FixtureRequest) -> AsyncGenerator[World]:
    """Two organisations, over each database and each broker."""
    database, broker = str(request.param).split("+")
    databases = request.getfixturevalue(f"{database}_databases")
    brokers = embedded_broker if broker == "bus" else request.getfixturevalue("rabbitmq_brokers")
    async with world_of(databases, brokers) as made:
        yield made


@pytest.fixture
async def servers(postgres_databases: Databases, rabbitmq_brokers: Brokers) -> AsyncGenerator[World]:
    """Two organisations over PostgreSQL and RabbitMQ, for what only servers can do."""
    async with world_of(postgres_databases, rabbitmq_brokers) as made:
        yield made


@pytest.fixture
async def postgres_world(postgres_databases: Databases) -> AsyncGenerator[World]:
    """Two organisations over PostgreSQL, where the broker does not matter."""
    async with world_of(postgres_databases, embedded_broker) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
async def world_of_databases(request: pytest.FixtureRequest) -> AsyncGenerator[World]:
    """Two organisations over each database, where the broker does not matter."""
    async with world_of(request.getfixturevalue(f"{request.param}_databases"), embedded_broker) as made:
        yield made

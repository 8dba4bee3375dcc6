"""Private servers: killed and started again they keep their data, and they never outlive their starter."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import aio_pika
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from shared.testing.servers import Postgres, RabbitMQ, ServerFailed, Vhost


def engine_for(url: str) -> AsyncEngine:
    return create_async_engine(url.replace("postgresql", "postgresql+asyncpg"), poolclass=NullPool)


async def execute(url: str, *statements: str) -> object:
    """The first value of the last statement, where it has rows."""
    async with engine_for(url).begin() as connection:
        results = [await connection.execute(text(statement)) for statement in statements]
        return results[-1].scalar() if results[-1].returns_rows else None


async def test_postgres_keeps_committed_rows_when_it_is_killed(postgres: Postgres, database_url: str):
    await execute(database_url, "CREATE TABLE fact (n int)", "INSERT INTO fact VALUES (7)")

    postgres.kill()
    with pytest.raises(ConnectionError):
        await execute(database_url, "SELECT n FROM fact")
    assert not postgres.running
    await asyncio.to_thread(postgres.start)

    assert await execute(database_url, "SELECT n FROM fact") == 7


async def test_postgres_stops_and_starts_on_the_same_port(postgres: Postgres, database_url: str):
    port = postgres.port
    postgres.stop()
    assert not postgres.running
    postgres.start()
    assert (await execute(database_url, "SELECT 1"), postgres.port) == (1, port)


async def test_a_paused_postgres_answers_nobody_until_it_is_resumed(postgres: Postgres, database_url: str):
    async with engine_for(database_url).connect() as connection:
        postgres.pause()
        waiting = asyncio.create_task(connection.scalar(text("SELECT 1")))
        await asyncio.sleep(0.5)
        silent = not waiting.done()
        postgres.resume()
        assert silent
        assert await waiting == 1


def test_each_database_is_empty_and_others_do_not_see_into_it(postgres: Postgres):
    first, second = postgres.create_database(), postgres.create_database()
    postgres.run("CREATE TABLE fact (n int)", database=first.rpartition("/")[2])
    tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'fact'"
    assert postgres.run(tables, database=second.rpartition("/")[2]) == "0"
    postgres.drop_database(first)
    postgres.drop_database(second)


def test_a_refused_statement_says_what_postgres_said(postgres: Postgres):
    with pytest.raises(ServerFailed, match='relation "nowhere" does not exist'):
        postgres.run("SELECT * FROM nowhere")


async def publish(url: str, queue: str, *, settle: float = 0) -> None:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": "quorum"})
        await asyncio.sleep(settle)
        message = aio_pika.Message(b"7", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key=queue)


async def take(url: str, queue: str) -> bytes:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        declared = await channel.declare_queue(queue, passive=True)
        async with asyncio.timeout(20), declared.iterator() as messages:
            message = await anext(messages)
            await message.ack()
            return message.body


async def test_rabbitmq_keeps_confirmed_messages_when_it_is_killed(rabbitmq: RabbitMQ, broker_url: str):
    await publish(broker_url, "facts", settle=3)

    rabbitmq.kill()
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", rabbitmq.port)
    await asyncio.to_thread(rabbitmq.start)

    assert await take(broker_url, "facts") == b"7"


async def test_a_virtual_host_leaves_nothing_behind(rabbitmq: RabbitMQ):
    before = names(rabbitmq, "vhosts"), names(rabbitmq, "users")
    with rabbitmq.vhost() as vhost:
        await publish(vhost.url, "facts")
        rabbitmq.manage("PUT", "/users/norrby.booking", {"password": "x", "tags": ""})
        assert vhost.name in names(rabbitmq, "vhosts")
    assert (names(rabbitmq, "vhosts"), names(rabbitmq, "users")) == before


def names(broker: RabbitMQ, things: str) -> set[str]:
    return {thing["name"] for thing in broker.manage("GET", f"/{things}")}


async def test_a_paused_broker_answers_nobody_until_it_is_resumed(rabbitmq: RabbitMQ, vhost: Vhost):
    rabbitmq.pause()
    waiting = asyncio.create_task(publish(vhost.url, "facts"))
    await asyncio.sleep(0.5)
    silent = not waiting.done()
    rabbitmq.resume()
    assert silent
    await waiting


STARTER = """
import sys, time
from shared.testing.servers import Postgres
server = Postgres()
server.start()
if sys.argv[1] == "paused":
    server.pause()
print(server._process.pid, server._directory, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_server_ends_with_a_starter_that_was_killed(postgres: Postgres, state: str):
    assert postgres.available()
    starter = subprocess.Popen([sys.executable, "-c", STARTER, state], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    with starter.stdout:
        pid, directory = starter.stdout.readline().split()
    server = psutil.Process(int(pid))
    family = [server, *server.children()]

    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()

    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (alive(family) or Path(directory).exists()):
        time.sleep(0.05)
    assert not alive(family)
    assert not Path(directory).exists()


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]

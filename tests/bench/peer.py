"""A peer: what a good team writes with FastStream for the same journey. `python -m bench.peer <service>` runs one.

One transaction a message (inbox key, state, next outbox rows), then the ack; an outbox that a loop beside it publishes
in batches with confirms. With `BENCH_ORM=1` the transaction is an SQLModel session, else it is asyncpg. It has none of
the platform's obligations: no order, no history, no spans, no provenance.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from faststream import FastStream
from faststream.rabbit import Channel, ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from .journey import FOLLOWS
from .plain import pooled
from .program import main
from .settings import LeanSettings

AT_ONCE, BATCH, PAUSE = 32, 100, 0.02
EXCHANGE = RabbitExchange("peer", type=ExchangeType.TOPIC, durable=True)
SCHEMA = """
CREATE TABLE outbox (seq bigserial PRIMARY KEY, id uuid NOT NULL, type text NOT NULL, body text NOT NULL);
CREATE TABLE inbox (id uuid PRIMARY KEY);
CREATE TABLE state (stream uuid, type text, n int NOT NULL DEFAULT 1, PRIMARY KEY (stream, type));
"""
PUT = "INSERT INTO outbox (id, type, body) VALUES ($1, $2, $3)"


class Outbox(SQLModel, table=True):
    """What is to be told."""

    __tablename__ = "outbox"  # pyright: ignore[reportAssignmentType] -- SQLModel declares it as a directive
    seq: int | None = Field(default=None, primary_key=True)
    id: UUID
    type: str
    body: str


class Inbox(SQLModel, table=True):
    """What was heard."""

    __tablename__ = "inbox"  # pyright: ignore[reportAssignmentType] -- as above
    id: UUID = Field(primary_key=True)


class State(SQLModel, table=True):
    """What the service knows."""

    __tablename__ = "state"  # pyright: ignore[reportAssignmentType] -- as above
    stream: UUID = Field(primary_key=True)
    type: str = Field(primary_key=True)
    n: int = 1


def following(name: str, event: dict[str, Any]) -> list[tuple[UUID, str, str]]:
    """Id, type and body of what home tells then."""
    types = FOLLOWS.get(event["type"], ()) if name == "referral" else ()
    made = [(uuid4(), type_) for type_ in types]
    return [(id_, type_, json.dumps({**event, "id": str(id_), "type": type_})) for id_, type_ in made]


class WithModels:
    """Storing by SQLModel."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:", 1), pool_size=16, max_overflow=0)
        self._sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)

    async def store(self, event: dict[str, Any]) -> None:
        async with self._sessions() as session:
            session.add(Inbox(id=UUID(event["id"])))
            try:
                await session.flush()
            except IntegrityError:
                return
            made = insert(State).values(stream=UUID(event["stream"]), type=event["type"], n=1)
            again = {"n": col(State.n) + 1}
            await session.exec(made.on_conflict_do_update(index_elements=["stream", "type"], set_=again))
            session.add_all([Outbox(id=i, type=t, body=b) for i, t, b in following(self._name, event)])
            await session.commit()


class WithStatements:
    """Storing by asyncpg."""

    def __init__(self, name: str, pool: Any) -> None:
        self._name = name
        self._pool = pool

    async def store(self, event: dict[str, Any]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            claimed = "INSERT INTO inbox VALUES ($1) ON CONFLICT DO NOTHING RETURNING 1"
            if await connection.fetchval(claimed, UUID(event["id"])) is None:
                return
            known = "INSERT INTO state VALUES ($1, $2) ON CONFLICT (stream, type) DO UPDATE SET n = state.n + 1"
            await connection.execute(known, UUID(event["stream"]), event["type"])
            if rows := following(self._name, event):
                await connection.executemany(PUT, rows)


async def publish(broker: RabbitBroker, pool: Any) -> None:
    """The outbox loop: a batch out, then deleted."""
    while True:
        rows = await pool.fetch("SELECT seq, type, body FROM outbox ORDER BY seq LIMIT $1", BATCH)
        sent = [
            broker.publish(json.loads(row["body"]), exchange=EXCHANGE, routing_key=row["type"], persist=True)
            for row in rows
        ]
        await asyncio.gather(*sent)
        await pool.execute("DELETE FROM outbox WHERE seq = ANY($1)", [row["seq"] for row in rows])
        if len(rows) < BATCH:
            await asyncio.sleep(PAUSE)


async def service(name: str, settings: LeanSettings) -> None:
    pool = await pooled(settings.database, 16)
    broker = RabbitBroker(settings.broker, default_channel=Channel(prefetch_count=AT_ONCE), logger=None)
    store = WithModels(name, settings.database).store if settings.orm else WithStatements(name, pool).store
    queue = RabbitQueue(f"peer.{name}", durable=True, queue_type=QueueType.QUORUM, declare=False)

    @broker.subscriber(queue)
    async def _hear(event: dict[str, Any]) -> None:
        await store(event)

    app = FastStream(broker, logger=None)
    outbox: list[asyncio.Task[None]] = []

    @app.after_startup
    async def _begin() -> None:
        outbox.append(asyncio.create_task(publish(broker, pool)))

    await app.run()


@asynccontextmanager
async def fill(database: Any, facts: Sequence[str], streams: Sequence[UUID]) -> AsyncGenerator[None]:
    """Each stream tells these facts when the block ends."""
    made = [(uuid4(), stream, type_) for stream in streams for type_ in facts]
    rows = [
        (id_, type_, json.dumps({"id": str(id_), "stream": str(stream), "type": type_, "filler": "x" * 400}))
        for id_, stream, type_ in made
    ]
    async with database.transaction():
        await database.executemany(PUT, rows)
        yield


if __name__ == "__main__":
    main(service(sys.argv[1], LeanSettings.model_validate({})))

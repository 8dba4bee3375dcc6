"""The lean reference: outbox, relay, queue, inbox in as few lines as Python allows, close to what its clients can do.

`python -m bench.lean <service>` is one service: its relay and its inbox on one loop. With `LEAN=bare` it keeps none of
the platform's obligations; else it keeps them: thirteen CloudEvents headers, keys with hashes, event rows that stay and
get positions, stream locks and sequences, a span a publish and a process. Either way: a database a service, quorum
queues with one active consumer, confirms, an ack after the commit. Left out: whatever makes it safe to run.
"""

import asyncio
import hashlib
import itertools
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import aiormq
from aiormq.abc import AbstractChannel, DeliveredMessage

from shared.ids import uuid7

from . import lean_sql as sql
from .journey import FOLLOWS, teller_of
from .lean_message import properties, read
from .lean_spans import Spans
from .plain import connected
from .program import main
from .settings import LeanSettings

WINDOW, BATCH, PREFETCH, FEW = 500, 500, 1000, 10
EXCHANGE = "lean"
Row = Any


class Lean:
    """One service."""

    def __init__(self, name: str, settings: LeanSettings) -> None:
        self.name = name
        self.settings = settings
        self.whole = not settings.bare
        self.spans = Spans(settings.traces, name) if self.whole else None

    async def run(self) -> None:
        connection = await aiormq.connect(self.settings.broker)
        out, in_ = await connection.channel(), await connection.channel()
        assert isinstance(out, aiormq.Channel)  # only the class knows that `wait` need not be for the socket
        await asyncio.gather(self.relay(out), self.inbox(in_))

    async def relay(self, channel: aiormq.Channel) -> None:
        """Publishes what waits, in order, and marks or deletes it."""
        database, wake = await connected(self.settings.database), asyncio.Event()
        await database.add_listener("event", partial(_woken, wake))
        position = await database.fetchval("SELECT coalesce(max(position), 0) FROM event")
        while True:
            wake.clear()
            rows: list[Row] = await database.fetch(sql.WAITING, WINDOW)
            if rows:
                hops = self._hops(rows)
                sent = [self._publish(channel, row, hop) for row, (_, hop) in zip(rows, hops, strict=True)]
                acks = await asyncio.gather(*sent)
                for span, _ in hops:
                    if span is not None:
                        span.end()
                seqs = [row["seq"] for row, _ in zip(rows, acks, strict=True)]
                if self.whole:
                    await database.execute(sql.MARK, seqs, range(position + 1, position + 1 + len(seqs)))
                    position += len(seqs)
                else:
                    await database.execute(sql.DROP, seqs)
            if len(rows) < WINDOW // 4:
                if len(rows) > FEW:
                    await asyncio.sleep(self.settings.linger)
                try:
                    await asyncio.wait_for(wake.wait(), 0.2)
                except TimeoutError:
                    continue

    def _hops(self, rows: Sequence[Row]) -> list[tuple[Any, str]]:
        if self.spans is None:
            return [(None, "") for _ in rows]
        return [self.spans.begin("publish", row["traceparent"], row["id"], sends=True) for row in rows]

    def _publish(self, channel: aiormq.Channel, row: Row, hop: str) -> Awaitable[Any]:
        return channel.basic_publish(
            row["body"],
            exchange=EXCHANGE,
            routing_key=row["type"],
            properties=properties(row, hop, whole=self.whole),
            mandatory=True,
            wait=False,
        )

    async def inbox(self, channel: AbstractChannel) -> None:
        """Stores batches of what has arrived, each in one transaction."""
        database, wake = await connected(self.settings.database), asyncio.Event()
        arrived: list[DeliveredMessage] = []
        batch: list[DeliveredMessage] = []

        async def keep(message: DeliveredMessage) -> None:
            arrived.append(message)
            wake.set()

        await channel.basic_qos(prefetch_count=PREFETCH)
        await channel.basic_consume(f"{EXCHANGE}.{self.name}", keep)
        while True:
            await wake.wait()
            if len(batch) > FEW and len(arrived) < BATCH:
                await asyncio.sleep(self.settings.linger)
            wake.clear()
            batch, arrived[:] = arrived[:BATCH], arrived[BATCH:]
            if arrived:
                wake.set()
            async with database.transaction():
                await self.store(database, batch)
            last: Any = batch[-1].delivery
            await channel.basic_ack(last.delivery_tag, multiple=True)

    async def store(self, database: Any, batch: Sequence[DeliveredMessage]) -> None:
        heard = [read(message, whole=self.whole) for message in batch]
        keys = ([h.source for h in heard], [h.id for h in heard], [hashlib.sha256(h.body).digest() for h in heard])
        sequences: dict[UUID, int] = {}
        if self.whole:
            sequences = dict(await database.fetch(sql.LOCK, list({h.stream for h in heard})))
        fresh = {row["id"] for row in await database.fetch(sql.CLAIM, *keys)}
        spans: list[Any] = []
        told: list[tuple[Any, ...]] = []
        for h in heard:
            if h.id not in fresh:
                continue
            fresh.discard(h.id)
            hop = h.hop
            if self.spans is not None:
                span, hop = self.spans.begin("process", h.hop, h.id, sends=False)
                spans.append(span)
            fact = json.loads(h.body)
            if self.name == "referral":
                for type_ in FOLLOWS.get(h.type, ()):
                    sequences[h.stream] = sequences.get(h.stream, 0) + 1
                    told.append(row_of(type_, fact, h.stream, sequences[h.stream], cause=h.id, hop=hop))
        await database.execute(sql.STATE, [h.stream for h in heard], [h.type for h in heard])
        if told:
            await write(database, told, sequences, whole=self.whole)
        for span in spans:
            span.end()


def _woken(wake: asyncio.Event, *_: object) -> None:
    wake.set()


def row_of(type_: str, fact: dict[str, Any], stream: UUID, sequence: int, *, cause: UUID | None, hop: str) -> Any:
    body = json.dumps({**fact, "type": type_}).encode()
    now = datetime.now(UTC)
    return (uuid7(), stream, sequence, type_, now, cause, "bench", teller_of(type_), hop, body)


async def write(database: Any, told: Sequence[Any], sequences: dict[UUID, int], *, whole: bool) -> None:
    if whole:
        await database.execute(sql.ADVANCE, list(sequences), list(sequences.values()))
    await database.execute(sql.EVENTS, *map(list, zip(*told, strict=True)))


@asynccontextmanager
async def fill(
    database: Any, facts: Sequence[str], streams: Sequence[UUID], *, whole: bool = True
) -> AsyncGenerator[None]:
    """Each stream tells these facts when the block ends: what people's moves leave in the event log."""
    told: list[Any] = []
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with database.transaction():
        sequences: dict[UUID, int] = dict(await database.fetch(sql.LOCK, list(streams)))
        for stream, type_ in itertools.product(streams, facts):
            sequences[stream] += 1
            fact = {"referral_id": str(stream), "filler": "x" * 400}
            told.append(row_of(type_, fact, stream, sequences[stream], cause=None, hop=trace))
        await write(database, told, sequences, whole=whole)
        yield


if __name__ == "__main__":
    main(Lean(sys.argv[1], LeanSettings.model_validate({})).run())

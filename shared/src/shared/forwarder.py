"""The forwarder: carries what another organisation may hear to its exchange, from a cursor over positions."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from .broker.protocol import Broker, BrokerAway, Publisher, exchange_of
from .db import FAULTS, Database
from .flow import Flow
from .parties import Forwarding as Ways
from .parties import Parties
from .relay import message_of
from .rights import Right, forwarding_to
from .tables import cursor, event, holds
from .telemetry import sending

WINDOW = 200
IDLE = 0.1
AGAIN = 1.0


def may_hear(organisation: str) -> Any:
    """The condition that an organisation is in an event's audience: the one place where it is spelled."""
    return holds(event.c.audience, organisation)


def waves(rows: Sequence[Row[Any]]) -> Iterator[Sequence[Row[Any]]]:
    """Cuts rows where a stream would come a second time.

    A recipient's queue may be full and refuse one event and take the next: of one stream only one is on its way.
    """
    wave: list[Row[Any]] = []
    streams: set[UUID] = set()
    for row in rows:
        if row.stream in streams:
            yield wave
            wave, streams = [], set()
        wave.append(row)
        streams.add(row.stream)
    if wave:
        yield wave


class Forwarder:
    """One recipient. It waits while the recipient is full or away, and nobody else notices."""

    def __init__(self, recipient: str, database: Database, broker: Broker, flow: Flow) -> None:
        self.recipient = recipient
        self.database = database
        self.broker = broker
        self.flow = flow
        self.direction = f"forwarding to {recipient}"
        self.lock = forwarding_to(recipient)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                turn = self.database.alone(self.lock, waiting=lambda: self.flow.standing_by(self.direction))
                async with turn as right, self.broker.publisher() as publisher:
                    while True:
                        rows, upto = await self._next(right.connection)
                        for wave in waves(rows):
                            await self._send(right, publisher, wave)
                        publisher.check()
                        if upto is not None:
                            await self._advance(right, upto)
                        self.flow.going(self.direction, waiting=len(rows))
                        if upto is None:
                            await asyncio.sleep(IDLE)
            except (BrokerAway, *FAULTS) as error:
                self.flow.stalled(self.direction, error)
                await asyncio.sleep(AGAIN)

    async def _send(self, right: Right, publisher: Publisher, rows: Sequence[Row[Any]]) -> None:
        user, source = self.database.whoami.user, self.database.whoami.source
        messages = [message_of(row, source, user) for row in rows]
        with sending(messages, exchange := exchange_of(self.recipient)):
            confirmed = await publisher.publish(exchange, messages)
        if confirmed < len(rows):
            await self._advance(right, rows[confirmed - 1].position)
            raise BrokerAway(f"{len(rows) - confirmed} events not confirmed")

    async def _next(self, connection: AsyncConnection) -> tuple[Sequence[Row[Any]], int | None]:
        """What it may hear within the next window of positions, and the position up to which that reaches."""
        done = await self.position(connection)
        window = select(event.c.position).where(event.c.position > done).order_by(event.c.position).limit(WINDOW)
        upto = await connection.scalar(select(func.max(window.subquery().c.position)))
        rows: Sequence[Row[Any]] = []
        if upto is not None:
            within = event.c.position.between(done + 1, upto)
            query = select(event).where(within, may_hear(self.recipient)).order_by(event.c.position)
            rows = (await connection.execute(query)).all()
        await connection.rollback()
        return rows, upto

    async def position(self, connection: AsyncConnection) -> int:
        return await connection.scalar(select(cursor.c.position).where(cursor.c.recipient == self.recipient)) or 0

    async def _advance(self, right: Right, position: int) -> None:
        """Never back: whoever wakes up after another took over has lost the right to write."""
        insert = sqlite.insert if self.database.sqlite else postgresql.insert
        reached = insert(cursor)
        further = reached.on_conflict_do_update(
            index_elements=["recipient"],
            set_={"position": reached.excluded.position},
            where=cursor.c.position < reached.excluded.position,
        )
        await self.database.keep(right, further, [{"recipient": self.recipient, "position": position}])


class Forwarding:
    """All recipients of one service."""

    def __init__(self, database: Database, broker: Broker, flow: Flow, parties: Parties) -> None:
        own = parties[database.whoami.organisation]
        recipients = [name for name, how in own.forwards_to.items() if how == Ways.EXCHANGE]
        for name in recipients:
            flow.add(f"forwarding to {name}")
        self.forwarders = [Forwarder(name, database, broker, flow) for name in recipients]

    @property
    def recipients(self) -> list[str]:
        return [forwarder.recipient for forwarder in self.forwarders]

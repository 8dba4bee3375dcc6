"""The relay: sends what was told, in the order it was told, and gives each event its position once it is confirmed."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Row, bindparam, func, select, text, update

from .broker.protocol import Broker, BrokerAway, Message, exchange_of
from .db import FAULTS, Database
from .envelope import Envelope, to_message
from .flow import Flow
from .rights import Right, Task
from .tables import event
from .telemetry import sending

log = logging.getLogger(__name__)

WINDOW = 500
IDLE = 0.2
IDLE_ALONE = 2.0
"""Where no other process can write: every commit is heard of."""
AGAIN = timedelta(seconds=1)

UNSENT = select(event).where(event.c.position.is_(None)).order_by(event.c.seq).limit(WINDOW)
MARK = update(event).where(event.c.seq == bindparam("s")).values(position=bindparam("p"))
MARK_ALL = text("UPDATE event SET position = m.p FROM unnest(:s, :p) AS m(s, p) WHERE event.seq = m.s").bindparams(
    bindparam("s", type_=ARRAY(BigInteger)), bindparam("p", type_=ARRAY(BigInteger))
)
"""Both give confirmed events their positions; the second, PostgreSQL's, all in one statement."""


class Relay:
    """One a database: the lock that makes it so lives on the very connection that reads and marks."""

    def __init__(self, database: Database, broker: Broker, flow: Flow) -> None:
        self.database = database
        self.broker = broker
        self.flow = flow
        self._told = asyncio.Event()
        database.on_commit(lambda _, told: self._told.set() if told else None)

    async def run(self) -> None:
        """Until cancelled. Whatever breaks, it opens both connections again and goes on from the first unsent row."""
        while True:
            try:
                await self._turn()
            except (BrokerAway, *FAULTS) as error:
                self.flow.stalled("publishing", error)
                await asyncio.sleep(AGAIN.total_seconds())

    async def _turn(self) -> None:
        lead = self.database.alone(Task.RELAY, waiting=lambda: self.flow.standing_by("publishing"))
        async with lead as right, self.broker.publisher() as publisher:
            connection = right.connection
            position = await connection.scalar(select(func.coalesce(func.max(event.c.position), 0))) or 0
            await connection.rollback()
            while True:
                self._told.clear()
                rows = (await connection.execute(UNSENT)).all()
                await connection.rollback()
                if not rows:
                    publisher.check()
                    self.flow.going("publishing")
                    await self._idle()
                    continue
                me = self.database.whoami
                messages = [message_of(row, me.source, me.user, inside=True) for row in rows]
                with sending(messages, exchange := exchange_of(self.database.whoami.organisation)):
                    confirmed = await publisher.publish(exchange, messages)
                await self._mark(right, rows[:confirmed], position)
                position += confirmed
                if confirmed < len(rows):
                    raise BrokerAway(f"{len(rows) - confirmed} events not confirmed")
                self.flow.going("publishing", waiting=len(rows))

    async def _mark(self, right: Right, rows: Sequence[Row[Any]], position: int) -> None:
        if not rows:
            return
        given = [*range(position + 1, position + 1 + len(rows))]
        if self.database.sqlite:
            marks = [{"s": row.seq, "p": p} for row, p in zip(rows, given, strict=True)]
            await self.database.keep(right, MARK, marks)
        else:
            await self.database.keep(right, MARK_ALL, [{"s": [row.seq for row in rows], "p": given}])

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(IDLE_ALONE if self.database.sqlite else IDLE):
                await self._told.wait()
        except TimeoutError:
            return


def message_of(row: Row[Any], source: str, user: str, *, inside: bool = False) -> Message:
    """The message of an event row, the same bytes each time. `inside` the organisation it says who may hear it."""
    return to_message(envelope_of(row, source, inside=inside), row.body, user_id=user)


def envelope_of(row: Row[Any], source: str, *, inside: bool = False) -> Envelope:
    return Envelope(
        id=row.id,
        source=source,
        type=row.type,
        stream=row.stream,
        sequence=row.sequence,
        time=row.time,
        case_id=row.case_id,
        home=row.home,
        addressee=row.addressee,
        causation=row.causation,
        traceparent=row.traceparent,
        audience=row.audience if inside else None,
    )

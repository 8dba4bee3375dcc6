"""The smallest service: it tells numbers, hears them, and writes down in which order; for tests of the kit."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import MetaData, select
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col

from shared import tables
from shared.broker.protocol import Broker, Message
from shared.clock import Clock, SystemClock
from shared.db import Database
from shared.entity import Entity
from shared.envelope import Envelope, to_message
from shared.errors import Waits
from shared.events import Event, Heard
from shared.flow import Flow
from shared.forwarder import Forwarding
from shared.ids import uuid7
from shared.inbox import Inbox
from shared.parking import Parking
from shared.parties import Parties
from shared.relay import Relay
from shared.retries import Retries
from shared.subscriptions import Load, Subscriptions
from shared.timers import Rang, TimerLoop, Timers
from shared.uow import UnitOfWork
from shared.whoami import Whoami

TYPE = "se.samspar.number.told.v1"


class Row(SQLModel, registry=registry(metadata=MetaData())):
    """The tables of this service."""


class Tally(Entity, Row, table=True):
    """Which numbers a case was told, in order."""

    seen: str = ""


class Once(Row, table=True):
    """A row whose key a handler may violate."""

    n: int = Field(primary_key=True)


class NumberTold(Event, type="number.told"):
    """Somebody told a number. `needs`: the number that must have been heard before."""

    n: int
    needs: int | None = None


class HeardNumber(Heard, type="number.told"):
    """A number, heard."""

    n: int
    needs: int | None = None


class HeardNewer(HeardNumber, type="number.told", version=2):
    """The next contract, which only an upgraded service understands."""


class Broken(Exception):
    """What a handler with a bug raises."""


@dataclass
class Numbers:
    """One running service of the tests. `breaks`: what its handler does when it meets a number."""

    url: str
    database: Database
    broker: Broker
    parties: Parties
    order_free: bool = False
    breaks: dict[int, Callable[[UnitOfWork], Awaitable[object]]] = field(
        default_factory=dict[int, Callable[[UnitOfWork], Awaitable[object]]]
    )
    echoes: bool = False
    handled: int = 0

    def __post_init__(self) -> None:
        subscriptions = Subscriptions(order_free=self.order_free)
        self.upgrade = lambda: subscriptions.on(HeardNewer)(self._hear)
        subscriptions.on(HeardNumber, Load(Tally, by="case_id"))(self._hear)
        self.flow = Flow("publishing", "consuming", "timing")
        self.parking = Parking(self.database.whoami.organisation, self.parties, order_free=self.order_free)
        self.inbox = Inbox(self.database, subscriptions, self.parties, self.parking, self.flow)
        self.retries = Retries(self.database, subscriptions, self.parking, self.inbox.admission)
        self.relay = Relay(self.database, self.broker, self.flow)
        self.forwarding = Forwarding(self.database, self.broker, self.flow, self.parties)
        self.timers = Timers()
        self.timers.on("number")(self._ring)

    async def _hear(self, uow: UnitOfWork, heard: HeardNumber) -> None:
        self.handled += 1
        tally = await uow.find(Tally, heard.case_id)
        if tally is None:
            tally = Tally(id=heard.case_id, case_id=heard.case_id, home=heard.home, changed_at=uow.now)
            uow.add(tally)
        if heard.needs is not None and str(heard.needs) not in tally.seen.split():
            raise Waits("Tell the number that it needs.")
        tally.seen += f"{heard.n} "
        if self.echoes:
            uow.emit(NumberTold(case_id=heard.case_id, home=heard.home, time=uow.now, n=heard.n))
        if heard.n in self.breaks:
            await self.breaks[heard.n](uow)

    async def _ring(self, uow: UnitOfWork, rang: Rang) -> None:
        await self._count(uow, rang.stream, int(rang.key))

    async def _count(self, uow: UnitOfWork, case: UUID, n: int) -> None:
        tally = await uow.find(Tally, case)
        if tally is None:
            tally = Tally(id=case, case_id=case, home=self.database.whoami.organisation, changed_at=uow.now)
            uow.add(tally)
        tally.seen += f"{n} "
        if n in self.breaks:
            await self.breaks[n](uow)

    async def tell(self, case: UUID, *numbers: int, to: frozenset[str] = frozenset()) -> None:
        """Tells numbers about a case in one transaction."""
        async with self.database.transaction() as uow:
            await uow.lock(case)
            home = self.database.whoami.organisation
            for n in numbers:
                uow.emit(NumberTold(case_id=case, home=home, time=uow.now, n=n, told_to=to))

    async def seen(self, case: UUID) -> list[int]:
        """The numbers of a case in the order in which they were handled."""
        async with self.database.reading() as connection:
            said = await connection.scalar(select(col(Tally.seen)).where(col(Tally.id) == case))
        return [int(n) for n in (said or "").split()]

    async def rows(self, table: Any, *conditions: Any) -> list[Any]:
        """Rows of one of the kit's tables, in order of its key."""
        query = select(table).where(*conditions).order_by(*table.primary_key.columns)
        async with self.database.reading() as connection:
            return list((await connection.execute(query)).all())

    async def states(self, case: UUID | None = None) -> list[str]:
        """The state of what is parked, in order."""
        mine = () if case is None else (tables.parked.c.stream == case,)
        return [row.state for row in await self.rows(tables.parked, *mine)]

    async def positions(self) -> list[int | None]:
        """Of all events, in the order in which they were written."""
        return [row.position for row in await self.rows(tables.event)]

    def timer_loop(self, stored_until: Callable[[], Awaitable[datetime | None]] | None = None) -> TimerLoop:
        return TimerLoop(self.database, self.timers, self.flow, stored_until or self.inbox.stored_until)


async def make_tables(database: Database) -> None:
    """The kit's tables and those of this service."""
    async with database.engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
        await connection.run_sync(Row.metadata.create_all)


def opened(url: str, organisation: str, service: str, clock: Clock | None = None) -> Database:
    return Database(url, Whoami(organisation, service), clock or SystemClock())


@asynccontextmanager
async def working(*works: Awaitable[None]) -> AsyncGenerator[list["asyncio.Task[None]"]]:
    """Runs parts of a service for as long as the block lasts. A part that ended is an error."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield tasks
        ended = [task for task in tasks if task.done() and not task.cancelled()]
        assert not ended, [repr(task.exception()) for task in ended]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def number(
    organisation: str,
    case: UUID,
    n: int,
    *,
    needs: int | None = None,
    teller: str = "teller",
    addressee: str | None = None,
    type_: str = TYPE,
    id_: UUID | None = None,
) -> Message:
    """A message that tells a number."""
    envelope = Envelope(
        id=id_ or uuid7(),
        source=f"/{organisation}/{teller}",
        type=type_,
        stream=case,
        sequence=n,
        time=datetime.now(UTC),
        case_id=case,
        home=organisation,
        addressee=addressee,
        causation=None,
        traceparent=None,
    )
    said = {"n": n} | ({} if needs is None else {"needs": needs})
    return to_message(envelope, json.dumps(said).encode(), user_id=f"{organisation}.{teller}")


async def until(true: Callable[[], Awaitable[bool]], *, seconds: float = 20) -> None:
    """Waits for something to become true."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 -- what is waited for happens in a database
            await asyncio.sleep(0.02)

"""One conformance suite for the path of an event, over both brokers and both databases."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import MetaData, select
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared import tables
from shared.broker.embedded import Bus
from shared.broker.protocol import Broker, Topology
from shared.clock import SystemClock
from shared.db import Database
from shared.entity import Entity
from shared.errors import Refused, Waits
from shared.events import Event, Heard
from shared.flow import Flow
from shared.ids import uuid7
from shared.inbox import Inbox
from shared.parking import Parking
from shared.relay import Relay
from shared.retries import Retries
from shared.subscriptions import Subscriptions
from shared.uow import UnitOfWork
from shared.whoami import Whoami


class Row(SQLModel, registry=registry(metadata=MetaData())):
    """The tables of these tests."""


class Count(Entity, Row, table=True):
    """How often and in what order a case was told of."""

    seen: str = ""


class Counted(Event, type="meeting.booked"):
    n: int


class HeardCounted(Heard, type="meeting.booked"):
    n: int


class Bug(Exception):
    pass


@dataclass
class Everybody:
    """Parties that trust everybody but `stranger`."""

    def may_tell(self, user: str, source: str, type_: str) -> bool:
        return user != "stranger"


@dataclass
class Side:
    """One service of the test, running."""

    database: Database
    tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    async def tell(self, case: UUID, *numbers: int) -> None:
        async with self.database.transaction() as uow:
            await uow.lock(case)
            for n in numbers:
                uow.emit(Counted(case_id=case, home="here", time=uow.now, n=n))

    async def seen(self, case: UUID) -> str:
        async with self.database.reading() as connection:
            return await connection.scalar(select(Count.seen).where(Count.id == case)) or ""


async def count(uow: UnitOfWork, heard: HeardCounted) -> None:
    row = await uow.find(Count, heard.case_id)
    if row is None:
        row = Count(id=heard.case_id, case_id=heard.case_id, home="here", changed_at=uow.now)
        uow.add(row)
    row.seen += f"{heard.n} "


async def until(true: Callable[[], Any], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def side(tmp: Path, service: str, broker: Broker, subscriptions: Subscriptions) -> AsyncGenerator[Side]:
    whoami = Whoami("here", service)
    database = Database(f"sqlite:///{tmp}/{service}.db", whoami, SystemClock())
    async with database.engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
        await connection.run_sync(Row.metadata.create_all)
    flow = Flow("publishing", "consuming")
    parking = Parking(order_free=False)
    retries = Retries(database, subscriptions, parking)
    inbox = Inbox(database, subscriptions, Everybody(), parking, flow)
    it = Side(database)
    works = [Relay(database, broker, flow).run(), retries.run(), inbox.run(broker)]
    it.tasks = [asyncio.create_task(work) for work in works]
    try:
        yield it
    finally:
        for task in it.tasks:
            task.cancel()
        print(await asyncio.gather(*it.tasks, return_exceptions=True), flow.faults())
        await database.close()


async def test_in_order(tmp_path: Path) -> None:
    bus = Bus()
    hears = Subscriptions()
    hears.on(HeardCounted, loads=Count, by="case_id")(count)
    bus.apply(Topology("here", {"teller": [], "hearer": hears.bindings()}))
    async with side(tmp_path, "teller", bus, Subscriptions()) as teller, side(tmp_path, "hearer", bus, hears) as hearer:
        case = uuid7()
        await teller.tell(case, 1, 2, 3)
        await teller.tell(case, 4)
        await until(lambda: is_(hearer.seen(case), "1 2 3 4 "))


async def is_(got: Any, wanted: str) -> bool:
    return await got == wanted

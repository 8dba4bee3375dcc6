"""Booking, how a message comes to its queue over the bus or RabbitMQ, and what became of it there."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import func, select
from sqlmodel import col

from booking.domain import Meeting
from booking.subscriptions import subscriptions
from shared import tables
from shared.broker import connect
from shared.broker.protocol import Broker, Message, exchange_of
from shared.envelope import Envelope, to_message
from shared.ids import uuid7
from shared.parties import Parties
from shared.tasks import TaskRequest
from shared.testing.apps import App, Platform
from shared.testing.asking import requested
from shared.testing.servers import Vhost
from shared.topology import apply, of_parties

from .town import DEPLOY, HOME, SENDER


@dataclass
class Line:
    """Booking, and how a message comes to its queue."""

    platform: Platform
    booking: App
    broker_of: Callable[[str], Broker]

    async def send(self, message: Message, *, by: str) -> None:
        async with self.broker_of(by).publisher() as publisher:
            assert await publisher.publish(exchange_of(HOME), [message]) == 1

    async def meetings(self) -> set[UUID]:
        async with self.booking.here.database.reading() as connection:
            return set(await connection.scalars(select(col(Meeting.id))))

    async def parked(self) -> list[Any]:
        async with self.booking.here.database.reading() as connection:
            return list(await connection.execute(select(tables.parked).order_by(tables.parked.c.seq)))

    async def parts(self) -> int:
        async with self.booking.here.database.reading() as connection:
            return await connection.scalar(select(func.count()).select_from(tables.part)) or 0


@asynccontextmanager
async def line_on(directory: Path, vhost: Vhost | None) -> AsyncGenerator[Line]:
    """Booking alone, on that broker, or on the bus."""
    async with Platform(directory, deploy=DEPLOY, organisations={HOME: ("referral", "booking")}) as platform:
        if vhost is None:
            booking = await platform.start(HOME, "booking")
            yield Line(platform, booking, lambda _: booking.here.broker)
            return
        passwords = directory / "passwords.json"
        bindings = {"referral": (), "booking": subscriptions.bindings()}
        described = of_parties(Parties.load(directory / "parties"), bindings)
        await apply(vhost.url, described, management_url=vhost.management_url, passwords=passwords, settle=0)
        known: dict[str, str] = json.loads(passwords.read_bytes())
        address = vhost.url.partition("@")[2]

        def url(user: str) -> str:
            return f"amqp://{user}:{known[user]}@{address}"

        booking = await platform.start(HOME, "booking", broker_url=SecretStr(url(f"{HOME}.booking")))
        yield Line(platform, booking, lambda user: connect(url(user)))


def told(request: TaskRequest, n: int = 1) -> Message:
    """As home's referral service tells it."""
    envelope = Envelope(
        id=uuid7(),
        source=f"/{HOME}/referral",
        type=request.type,
        stream=request.case_id,
        sequence=n,
        time=request.time,
        case_id=request.case_id,
        home=HOME,
        addressee=HOME,
        causation=None,
        traceparent=None,
    )
    return to_message(envelope, request.body(), user_id=f"{HOME}.referral")


def asks(case: UUID | None = None, n: int = 1) -> TaskRequest:
    return requested("meeting", case or uuid7(), home=HOME, party=SENDER, n=n)

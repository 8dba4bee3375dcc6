"""Two organisations that tell each other numbers, over any pair of database and broker; for tests of the kit."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.broker.embedded import Bus
from shared.broker.protocol import Broker, Message, Publisher, Topology, exchange_of
from shared.clock import Clock
from shared.parties import Organisation, Parties
from shared.topology import of_parties

from .numbers import Numbers, make_tables, opened

NOTICES = [f"*.message.{fate}.v1" for fate in ("died", "replayed", "skipped")]
HEARS = {"teller": NOTICES, "hearer": ["*.number.told.v1", "*.number.told.v2", *NOTICES]}
TELLS = {"teller": ("number.told",), "hearer": ("number.told",)}


def two_parties(here: str, there: str) -> Parties:
    """`here` runs a teller and a hearer, `there` a hearer; each forwards to the other."""
    runs = {here: ("teller", "hearer"), there: ("hearer",)}
    described: dict[str, Any] = {
        name: {
            "name": name,
            "title": {"sv": name, "en": name},
            "services": dict.fromkeys(services, "own"),
            "forwards_to": {there if name == here else here: "exchange"},
        }
        for name, services in runs.items()
    }
    organisations = {name: Organisation.model_validate(each) for name, each in described.items()}
    return Parties(directory=Path(), organisations=organisations, tells=TELLS)


@dataclass
class World:
    """`here` and `there`. `broker_of` connects as a user `<organisation>.<service>`."""

    here: str
    there: str
    parties: Parties
    broker_of: Callable[[str], Broker]
    new_database: Callable[[], Awaitable[str]]
    _exits: AsyncExitStack = field(default_factory=AsyncExitStack)
    _publishers: dict[str, Publisher] = field(default_factory=dict[str, Publisher])
    _sent: set[asyncio.Task[int]] = field(default_factory=set[asyncio.Task[int]])

    @property
    def topologies(self) -> list[Topology]:
        return of_parties(self.parties, HEARS)

    async def numbers(
        self,
        service: str = "hearer",
        *,
        organisation: str | None = None,
        like: Numbers | None = None,
        clock: Clock | None = None,
        order_free: bool = False,
    ) -> Numbers:
        """A service with a database of its own, or with that of `like`; the test runs its parts."""
        name = organisation or self.here
        url = like.url if like else await self.new_database()
        database = opened(url, name, service, clock)
        self._exits.push_async_callback(database.close)
        if like is None and database.sqlite:
            await make_tables(database)
        return Numbers(url, database, self.broker_of(f"{name}.{service}"), self.parties, order_free)

    async def send(self, *messages: Message, to: str | None = None, by: str = "teller") -> None:
        """Publishes in order, as whoever `by` is here."""
        publisher = await self._publisher(f"{self.here}.{by}")
        work = publisher.publish(exchange_of(to or self.here), messages)
        if not isinstance(publisher, Bus):
            assert await work == len(messages)
            return
        task = asyncio.ensure_future(work)
        self._sent.add(task)
        await asyncio.sleep(0)

    async def _publisher(self, user: str) -> Publisher:
        if user not in self._publishers:
            context = self.broker_of(user).publisher()
            self._publishers[user] = await self._exits.enter_async_context(context)
        return self._publishers[user]

    async def close(self) -> None:
        for task in self._sent:
            task.cancel()
        await asyncio.gather(*self._sent, return_exceptions=True)
        await self._exits.aclose()


def two_names() -> tuple[str, str]:
    """Of organisations that no other test has."""
    some = uuid4().hex[:8]
    return f"here-{some}", f"there-{some}"

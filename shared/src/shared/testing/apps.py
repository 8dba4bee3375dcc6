"""Services as they are, in one process and without a network: what they hear, what they tell, and who calls them.

async with Platform(tmp_path, deploy=Path("deploy"), at=MONDAY) as platform:
    booking = await platform.start("norrby", "booking")
    await booking.hears(requested("meeting", case, party="clinic"))
    answer = await booking.as_party("clinic").get("/meetings")
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import select

from shared import tables
from shared.broker.connect import bus
from shared.broker.protocol import Topology, exchange_of
from shared.caller import SERVICE, audience_of, service_client
from shared.demo_clock import DemoClock
from shared.envelope import PREFIX, Envelope, to_message
from shared.events import Event
from shared.here import Here
from shared.http.health import flow
from shared.http.policies import OPERATE
from shared.ids import uuid7
from shared.issuer import Signer
from shared.settings import Settings

from .asking import MONDAY
from .callers import Bearer
from .network import Network
from .organisations import write_parties
from .rows import Told, told_from

FIVE = ("referral", "assessment", "booking", "consent", "reporting")
ORGANISATIONS: Mapping[str, Sequence[str]] = {"norrby": FIVE, "agency": ("assessment", "booking")}


class NotQuiet(AssertionError):
    """A service still had something to do when the patience of the test ended."""


class App:
    """One running service of one organisation."""

    def __init__(self, app: FastAPI, signers: Mapping[str, Signer], running: AsyncExitStack) -> None:
        self.app = app
        self.here: Here = app.state.here
        self._signers = signers
        self._running = running
        self._heard: dict[tuple[str, UUID], int] = {}

    @property
    def organisation(self) -> str:
        return self.here.whoami.organisation

    def as_party(
        self, party: str, *, organisation: str | None = None, scopes: Sequence[str] | None = None
    ) -> httpx.AsyncClient:
        """A client with that party's token; paths are those after `/<api>/v1`. A POST gets a key unless it has one."""
        service = self.here.whoami.service
        organisation = organisation or self.organisation
        bearer = Bearer(
            self._signers[organisation],
            organisation=organisation,
            party=party,
            audience=audience_of(self.organisation, service),
            scopes=[f"samspar.{service}"] if scopes is None else scopes,
        )
        return self._client(f"/{service}/v1", bearer)

    def as_operator(self, organisation: str | None = None) -> httpx.AsyncClient:
        """A client of those who run the service."""
        return self.as_party("operations", organisation=organisation, scopes=[OPERATE])

    def as_service(self, organisation: str, service: str) -> httpx.AsyncClient:
        """A client of another service of the platform, calling on its own behalf."""
        own = self.here.whoami.service
        bearer = Bearer(
            self._signers[organisation],
            organisation=organisation,
            party=service,
            audience=audience_of(self.organisation, own),
            scopes=[SERVICE, f"samspar.{own}"],
            client_id=service_client(organisation, service),
        )
        return self._client(f"/{own}/v1", bearer)

    def as_nobody(self) -> httpx.AsyncClient:
        """A client without a token; its paths are whole."""
        return self._client("", None)

    def _client(self, path: str, auth: httpx.Auth | None) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=f"http://samspar{path}", auth=auth)

    async def hears(
        self, event: Event, *, teller: str | None = None, user: str | None = None, id_: UUID | None = None
    ) -> UUID:
        """Tells it on this organisation's exchange, and returns its id once all that hear it have stored it.

        `teller` is `<organisation>.<service>`, home's referral if left out; `user` the broker's word for who sent it.
        """
        teller = teller or f"{event.home}.referral"
        source = "/" + teller.replace(".", "/")
        number = self._heard[source, event.stream] = self._heard.get((source, event.stream), 0) + 1
        envelope = Envelope(
            id=id_ or uuid7(),
            source=source,
            type=event.type,
            stream=event.stream,
            sequence=number,
            time=event.time,
            case_id=event.case_id,
            home=event.home,
            addressee=event.addressee,
            causation=None,
            traceparent=None,
        )
        message = to_message(envelope, event.body(), user_id=user or teller)
        async with asyncio.timeout(20), self.here.broker.publisher() as publisher:
            await publisher.publish(exchange_of(self.organisation), [message])
        return envelope.id

    async def told(self, fact: str = "", *, case: UUID | None = None) -> list[Told]:
        """What it has told, in order; `fact` as `meeting.booked`."""
        event = tables.event
        query = select(event).order_by(event.c.seq)
        if fact:
            query = query.where(event.c.type == f"{PREFIX}{fact}.v1")
        if case is not None:
            query = query.where(event.c.case_id == case)
        async with self.here.database.reading() as connection:
            return [told_from(row) for row in await connection.execute(query)]

    async def parked(self) -> list[tuple[str, str]]:
        """What stands parked: (`meeting.requested.v1`, state), in order."""
        query = select(tables.parked.c.type, tables.parked.c.state).order_by(tables.parked.c.seq)
        async with self.here.database.reading() as connection:
            return [(type_.removeprefix(PREFIX), state) for type_, state in await connection.execute(query)]

    async def flow(self) -> dict[str, Any]:
        """What its operators see of the flow."""
        return await flow(self.here)

    async def stop(self) -> None:
        """Ends it as a shutdown does; what it stored stays, and `Platform.start` starts it again."""
        await self._running.aclose()


class Platform:
    """Organisations and their services on one bus, with one clock that stands still until `at` moves it."""

    def __init__(
        self,
        directory: Path,
        *,
        deploy: Path,
        organisations: Mapping[str, Sequence[str]] = ORGANISATIONS,
        at: datetime = MONDAY,
    ) -> None:
        """`deploy` holds `parties/services.yaml` and `pathways/`; `organisations`: which services each runs."""
        self.directory = directory
        self.deploy = deploy
        self.url = f"embedded://{uuid7()}"
        self.apps: dict[tuple[str, str], App] = {}
        self.network = Network()
        self._at = at
        self._stack = AsyncExitStack()
        self._signers = write_parties(directory / "parties", deploy / "parties" / "services.yaml", organisations)
        for name in organisations:
            bus(self.url).apply(Topology(name, {}))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def start(
        self, organisation: str, service: str, *, create: Callable[[Any], FastAPI] | None = None, **settings: Any
    ) -> App:
        """Starts a service with its own database under the test's directory; `settings` override.

        `create`: another app in the place of that service's own.
        """
        kind: type[Settings] = import_module(f"{service}.settings").Settings
        given: dict[str, Any] = {
            "organisation": organisation,
            "data": self.directory,
            "parties": self.directory / "parties",
            "pathways": self.deploy / "pathways",
            "broker_url": SecretStr(self.url),
            "demo_clock": self._at,
            "demo_key": SecretStr("test"),
        }
        made: Callable[[Any], FastAPI] = create or import_module(f"{service}.app").create
        app = made(kind(**given | settings))
        self.network.join(app, self._signers[organisation])
        running = await self._stack.enter_async_context(AsyncExitStack())
        started = self.apps[organisation, service] = App(app, self._signers, running)
        running.callback(self.apps.pop, (organisation, service), None)
        bus(self.url).apply(Topology(organisation, {service: started.here.subscriptions.bindings()}))
        await running.enter_async_context(app.router.lifespan_context(app))
        return started

    async def at(self, instant: datetime | timedelta) -> datetime:
        """Moves the clock of every service: to an instant, or on by a while. Returns what it shows."""
        self._at = instant if isinstance(instant, datetime) else self._at + instant
        for app in self.apps.values():
            if isinstance(app.here.clock, DemoClock):
                await app.here.clock.move(app.here.database, self._at)
        return self._at

    async def quiet(self, *, seconds: float = 20) -> None:
        """Waits until nobody has anything to send, read or do that is due. Raises `NotQuiet`."""
        before: list[int] | None = None
        flows: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(seconds):
                while True:
                    flows = [await app.flow() for app in self.apps.values()]
                    rest = sum(flow["unsent"] + (flow["unread"] or 0) + flow["timersDue"] for flow in flows)
                    told = [flow["told"] for flow in flows]
                    if not rest and told == before:
                        return
                    before = None if rest else told
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise NotQuiet(f"{dict(zip(self.apps, flows, strict=False))}") from None

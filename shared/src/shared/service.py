"""Puts a service together: everything cross-cutting is here, once."""

import asyncio
import hmac
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig

from .broker import connect
from .caller import audience_of
from .clock import Clock, SystemClock
from .db import Database
from .demo_clock import DemoClock, add_clock
from .errors import Fault, Refused
from .flow import Flow
from .forwarder import Forwarding
from .here import Here
from .http import problems
from .http.about import Api, add_about, describe
from .http.desk import add_desk
from .http.event_ids import add_event_ids
from .http.feed import add_feed
from .http.health import health
from .http.policies import require_policies
from .http.route import routes
from .inbox import Inbox
from .issuer import DEVELOPMENT, PRIVATE_FILE, PUBLIC_FILE
from .migrate import migrate
from .parking import Parking
from .parties import Parties, TrustedIssuer
from .partners import Partners
from .reconciling import Called, Reconciler, sources_of
from .relay import Relay
from .retries import Retries
from .service_tokens import TokenSource, token_source
from .settings import Settings
from .subscriptions import Subscriptions
from .telemetry import telemetry
from .timers import TimerLoop, Timers
from .tokens import Verifier
from .vault import KeyRing, Vault
from .whoami import Whoami

log = logging.getLogger(__name__)

PAUSE = 1.0

SPANS_OF_ITS_OWN: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI's spans hold addresses, queries and the text of exceptions, so nothing of them is wanted."""


class NoDemo(Refused):
    """The demo's clock cannot stand still here."""

    status = 500
    fault = Fault.PLATFORM


Work = Callable[[Here], Coroutine[Any, Any, None]]


def create_service(
    settings: Settings,
    api: Api,
    router: APIRouter,
    subscriptions: Subscriptions,
    timers: Timers | None = None,
    *,
    waits: bool = True,
    works: Sequence[Work] = (),
) -> FastAPI:
    """The app of one service; its lifespan runs relay, inbox, retries, timers and forwarders beside it.

    `waits=False`: the service answers `/cases/{caseId}/waits` itself. `works`: what it works off besides, until it is
    cancelled. Raises `NoPolicy` for a route without a policy.
    """
    here = wire(settings, subscriptions, timers or Timers())
    app = FastAPI(
        title=api.title,
        openapi_url=f"/{api.name}/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(here, works),
        redirect_slashes=False,
        telemetry=SPANS_OF_ITS_OWN,
    )
    app.state.here = here
    common = routes(api.name)
    add_about(common, api)
    add_feed(common)
    add_event_ids(common)
    add_desk(common, waits=waits)
    app.include_router(router)
    app.include_router(common)
    app.include_router(health)
    if isinstance(here.clock, DemoClock):
        add_clock(app, here.clock)
    problems.install(app)
    describe(app, api, url=settings.url)
    require_policies(app)
    return app


def wire(settings: Settings, subscriptions: Subscriptions, timers: Timers) -> Here:
    """The parts of one service, from its settings."""
    parties = Parties.load(settings.parties)
    own = parties[settings.organisation]
    whoami = Whoami(settings.organisation, settings.service, own.broker_user(settings.service))
    clock = _clock(settings)
    database = Database(settings.database, whoami, clock)
    events = database.beside(settings.events_database) if settings.events_database else database
    broker = connect(settings.broker_url.get_secret_value())
    keys = _keys(settings)
    flow = Flow("publishing", "consuming", "timing")
    parking = Parking(whoami.organisation, parties, order_free=subscriptions.order_free)
    inbox = Inbox(events, subscriptions, parties, parking, flow)
    partners = Partners(parties, _tokens(settings, whoami))
    sources = sources_of(whoami, parties, subscriptions)

    return Here(
        settings=settings,
        whoami=whoami,
        clock=clock,
        database=database,
        events=events,
        broker=broker,
        flow=flow,
        parties=parties,
        partners=partners,
        verifier=Verifier(audience_of(settings.organisation, settings.service), _issuers(settings, parties)),
        persons=Vault(keys) if keys else None,
        subscriptions=subscriptions,
        parking=parking,
        retries=Retries(events, subscriptions, parking, inbox.admission),
        inbox=inbox,
        relay=Relay(events, broker, flow),
        forwarding=Forwarding(events, broker, flow, parties),
        timers=TimerLoop(events, timers, flow, inbox.stored_until),
        reconciler=Reconciler(inbox, Called(events, partners), sources, flow, 60 * settings.reconcile_minutes),
        secret=hmac.digest(keys.index if keys else whoami.source.encode(), b"answers", "sha256"),
    )


def _keys(settings: Settings) -> KeyRing | None:
    """Only of a service that keeps persons: nobody else can open what another lets out."""
    if not settings.persons:
        return None
    return KeyRing.open(settings.keyring_file) if settings.embedded else KeyRing.load(settings.keyring_file)


def _clock(settings: Settings) -> Clock:
    """The system's; a demo's only on this machine, and only where nobody can move it without the key."""
    if settings.demo_clock is None:
        return SystemClock()
    if settings.host != "127.0.0.1" or settings.demo_key is None:
        raise NoDemo("Leave SAMSPAR_DEMO_CLOCK away; a clock that stands still is for a demo on 127.0.0.1 with a key.")
    return DemoClock(settings.demo_clock)


def _tokens(settings: Settings, whoami: Whoami) -> TokenSource:
    """How this service calls others. Embedded, the development issuer signs, where it has been opened."""
    issuer, key = settings.token_issuer, settings.token_key
    if _alone(settings) and key is None and (settings.data / PRIVATE_FILE).exists():
        issuer, key = DEVELOPMENT, settings.data / PRIVATE_FILE
    return token_source(
        organisation=whoami.organisation,
        service=whoami.service,
        issuer=issuer,
        endpoint=settings.token_endpoint,
        key=key,
    )


def _alone(settings: Settings) -> bool:
    """On this machine alone: no broker, no database server, no other address."""
    return settings.embedded and settings.database_url is None and settings.host == "127.0.0.1"


def _issuers(settings: Settings, parties: Parties) -> Mapping[str, TrustedIssuer]:
    """Those that the parties name; embedded on this machine alone, the development issuer beside them."""
    trusted = dict(parties.issuers())
    if _alone(settings):
        everybody = frozenset(parties.organisations)
        keys = settings.data / PUBLIC_FILE
        trusted.setdefault(DEVELOPMENT, TrustedIssuer(issuer=DEVELOPMENT, organisations=everybody, keys=keys))
    return trusted


def _lifespan(here: Here, further: Sequence[Work]) -> Any:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        with telemetry(here.settings.otlp_endpoint, here.whoami.service):
            if here.settings.embedded or here.settings.demo_clock:
                await migrate(here.database.engine, here.whoami.service)
            if isinstance(here.clock, DemoClock):
                await here.clock.load(here.database)
            first = here.reconciler.catch_up if here.settings.reconcile_first else None
            works: list[Callable[[], Coroutine[Any, Any, None]]] = [
                here.relay.run,
                partial(here.inbox.run, here.broker, after=first),
                here.reconciler.run,
                here.retries.run,
                here.timers.run,
                *(forwarder.run for forwarder in here.forwarding.forwarders),
                *(partial(work, here) for work in further),
            ]
            tasks = [asyncio.create_task(_ever(work)) for work in works]
            try:
                yield
            finally:
                await _end(tasks)
                await here.partners.close()
                for database in {here.database, here.events}:
                    await database.close()

    return lifespan


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancels until each has ended: a database driver may make an error of its own out of a cancellation."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=1)


async def _ever(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """A part that ends is a bug: it is said aloud, and begun again; until it makes progress `/flowz` turns red."""
    while True:
        try:
            await work()
        except Exception:
            log.critical("a part of the service ended; it is begun again", exc_info=True)
        await asyncio.sleep(PAUSE)

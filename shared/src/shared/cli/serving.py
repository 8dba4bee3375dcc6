"""Serves services: several in one process on the in-process bus, each at a port of its own, or one alone."""

import asyncio
import errno
import signal
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any

import uvicorn
from fastapi import FastAPI

from shared.broker.connect import bus
from shared.broker.protocol import BrokerAway, Topology
from shared.demo_clock import DemoClock
from shared.errors import Refused
from shared.flow_state import state
from shared.here import Here
from shared.installed import service
from shared.settings import Settings

BACKLOG = 512
GRACE = 3


class PortTaken(Refused):
    """Something else listens there already."""


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Any:
        yield


@asynccontextmanager
async def running(told: Mapping[str, Mapping[str, Any]]) -> AsyncGenerator[dict[str, FastAPI]]:
    """Runs the services named on the in-process bus, each with its settings, until the block ends."""
    apps: dict[str, FastAPI] = {}
    for name, settings in told.items():
        installed = service(name)
        apps[name] = installed.create(installed.settings(**settings))
        here: Here = apps[name].state.here
        url = here.settings.broker_url.get_secret_value()
        bus(url).apply(Topology(here.whoami.organisation, {name: here.subscriptions.bindings()}))
    async with serving(*apps.values()):
        yield apps


@asynccontextmanager
async def serving(*apps: FastAPI) -> AsyncGenerator[None]:
    """Serves the apps until the block ends. Raises what their start raises, and `PortTaken`."""
    sockets = [_bound(app.state.here.settings) for app in apps]
    servers = [_Server(_config(app)) for app in apps]
    async with AsyncExitStack() as lifespans:
        for app in apps:
            await lifespans.enter_async_context(app.router.lifespan_context(app))
        pairs = zip(servers, sockets, strict=True)
        tasks = [asyncio.create_task(server.serve([listens])) for server, listens in pairs]
        try:
            while not all(server.started for server in servers):
                await asyncio.sleep(0.01)
                for task in (task for task in tasks if task.done()):
                    task.result()
            yield
        finally:
            for server in servers:
                server.should_exit = True
            await asyncio.gather(*tasks, return_exceptions=True)


def interrupted() -> asyncio.Event:
    """Set by Ctrl-C and by whoever ends this process."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


class Look:
    """What `/flowz` says of a service in this process, without the way there.

    Its database is asked again only after something was written there, or the clock moved.
    """

    def __init__(self, app: FastAPI) -> None:
        self._here: Here = app.state.here
        self._asked: tuple[int, int, datetime] | None = None
        self._found: dict[str, Any] = {}

    async def __call__(self) -> dict[str, Any] | None:
        """Nothing while it stalls."""
        here = self._here
        if here.flow.faults():
            return None
        try:
            unread = await here.inbox.unread()
        except BrokerAway:
            return None
        now = here.clock.now()
        asked = (here.database.changes, here.events.changes, now)
        if asked != self._asked:
            async with here.database.reading() as connection:
                found = await state(connection, now, here.forwarding.recipients)
            self._found, self._asked = found.model_dump(mode="json"), asked
        return self._found | {"unread": unread}


async def move_clock(app: FastAPI, to: datetime) -> None:
    """As its `PUT /clock`."""
    here: Here = app.state.here
    assert isinstance(here.clock, DemoClock)
    await here.clock.move(here.database, to)
    here.timers.wake()


def _bound(settings: Settings) -> socket.socket:
    """Before anything else is done there, since a service that cannot be reached is none."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listens = socket.socket(family)
    listens.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listens.bind((settings.host, settings.port))
        listens.listen(BACKLOG)
    except OSError as error:
        listens.close()
        if error.errno != errno.EADDRINUSE:
            raise
        where = f"{settings.host}:{settings.port}"
        raise PortTaken(f"End what listens on {where}, or give {settings.service} another port.") from error
    return listens


def _config(app: FastAPI) -> uvicorn.Config:
    """How every service is served, embedded or alone."""
    return uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", server_header=False, timeout_graceful_shutdown=GRACE
    )

"""Several services in one process and one loop, each at a port of its own, on the in-process bus."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from filelock import FileLock, Timeout

from shared.broker.connect import bus
from shared.broker.protocol import Topology
from shared.errors import Refused
from shared.here import Here
from shared.installed import service


class InUse(Refused):
    """Another process owns the data directory."""


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Any:
        yield


@asynccontextmanager
async def running(directory: Path, told: Mapping[str, Mapping[str, Any]]) -> AsyncGenerator[dict[str, FastAPI]]:
    """Runs the services named, each with its settings, until the block ends. Raises `InUse`."""
    lock = FileLock(directory / "owner.lock", blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise InUse("End the other one, or give another directory with --data.") from error
    apps: dict[str, FastAPI] = {}
    for name, settings in told.items():
        installed = service(name)
        apps[name] = installed.create(installed.settings(**settings))
        here: Here = apps[name].state.here
        url = here.settings.broker_url.get_secret_value()
        bus(url).apply(Topology(here.whoami.organisation, {name: here.subscriptions.bindings()}))
    servers = [_Server(config(app)) for app in apps.values()]
    tasks = [asyncio.create_task(server.serve()) for server in servers]
    try:
        while not all(server.started for server in servers):
            for task in tasks:
                if task.done():
                    task.result()
                    raise InUse("A service could not start; its log says why.")
            await asyncio.sleep(0.01)
        yield apps
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks, return_exceptions=True)
        lock.release()


def config(app: FastAPI) -> uvicorn.Config:
    """How every service is served, embedded or alone."""
    settings = app.state.here.settings
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=5,
    )

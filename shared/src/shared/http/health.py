"""Health, honestly: the loop turns; HTTP can be served; publishing and consuming make progress."""

import asyncio
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import select

from shared.broker.protocol import BrokerAway
from shared.db import FAULTS
from shared.flow_state import state
from shared.here import Here
from shared.reconciling import faults_of, watermarks

from .policies import public
from .route import Service

PATIENCE = 2.0
"""Seconds that the flow's state is waited for."""

health = APIRouter(tags=["health"])


@health.get("/livez", summary="The process turns")
@public
async def livez() -> dict[str, str]:
    """Processen lever. The process is alive."""
    return {"status": "ok"}


@health.get("/readyz", summary="HTTP can be served")
@public
async def readyz(here: Service) -> dict[str, str]:
    """Databasen svarar. The database answers; the broker is not asked, since intake goes on without it."""
    async with here.database.reading() as connection:
        await connection.execute(select(1))
    return {"status": "ok"}


@health.get("/flowz", summary="Publishing and consuming make progress")
@public
async def flowz(here: Service, response: Response) -> dict[str, Any]:
    """Flödet går framåt. Publishing, consuming and timers make progress; 503 while one stalls, which is named."""
    seen = await flow(here)
    if seen["faults"]:
        response.status_code = 503
    return {name: seen[name] for name in ("status", "faults")}


async def flow(here: Here) -> dict[str, Any]:
    """The state of the flow: what stalls, how much is unsent, unread, parked or due, and what is missing of whom.

    `unread` is empty where another process of this service consumes.
    """
    faults = here.flow.faults()
    unread: int | None = None
    try:
        unread = await here.inbox.unread()
    except BrokerAway as error:
        faults.setdefault("consuming", type(error).__name__)
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(PATIENCE), here.database.reading() as connection:
            found = (await state(connection, here.clock.now(), here.forwarding.recipients)).model_dump(mode="json")
            sources = await watermarks(connection)
        found["missing"] = {name: each.missing for name, each in sources.items() if each.missing}
        if wrong := faults_of(sources):
            faults["reconciling"] = wrong
    except (*FAULTS, TimeoutError) as error:
        faults["database"] = type(error).__name__
    return {"status": "stalled" if faults else "ok", "faults": faults, "unread": unread, **found}

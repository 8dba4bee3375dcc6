"""Health, honestly: the loop turns; HTTP can be served; publishing and consuming make progress."""

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import func, select

from shared.broker.protocol import BrokerAway
from shared.tables import event, parked

from .policies import public
from .route import Service

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
    """Flödet går framåt. The flow makes progress: what is unsent, unread, parked or due, and 503 while it stalls."""
    faults = here.flow.faults()
    unread = -1
    try:
        unread = here.inbox.unstored + await here.broker.depth(here.inbox.queue)
    except BrokerAway as error:
        faults.setdefault("consuming", type(error).__name__)
    async with here.database.reading() as connection:
        unsent = await connection.scalar(select(func.count()).where(event.c.position.is_(None)))
        told = await connection.scalar(select(func.max(event.c.seq)))
        held = await connection.execute(select(parked.c.state, func.count()).group_by(parked.c.state))
        parked_by = {state: n for state, n in held}
        behind = await here.forwarding.backlog(connection)
    timing = await here.timers.state()
    if faults:
        response.status_code = 503
    flow = {"unsent": (unsent or 0) + behind, "unread": unread, "parked": parked_by, "told": told or 0}
    return {"status": "stalled" if faults else "ok", "faults": faults, **flow, **timing}

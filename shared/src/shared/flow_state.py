"""The state of a service's flow in one statement: what is unsent, parked or due. Cheap enough to be asked often."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .tables import Instant, ParkedState, cursor, event, notice, parked, timer


def _query() -> Any:
    def one(query: Select[Any], name: str) -> Any:
        return query.scalar_subquery().label(name)

    held = select(func.count()).select_from(parked)
    now = bindparam("now", type_=Instant)
    return select(
        one(select(func.count()).where(event.c.position.is_(None)), "unsent"),
        one(select(func.coalesce(func.max(event.c.seq), 0)), "told"),
        one(select(func.coalesce(func.max(event.c.position), 0)), "last"),
        one(select(func.count()).where(timer.c.due <= now), "due"),
        one(select(func.min(timer.c.due)).where(timer.c.due > now), "following"),
        one(select(func.count()).select_from(notice).where(notice.c.state == "died"), "undelivered"),
        *(one(held.where(parked.c.state == name), name) for name in ParkedState),
    )


QUERY = _query()


class FlowState(BaseModel):
    """Counts. `unsent`: events without a position, and positions that the slowest recipient has not reached.

    `undelivered`: our events that are dead letters at a receiver.
    """

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True)

    unsent: int
    told: int
    parked: dict[str, int]
    undelivered: int
    timers_due: int
    next_timer: datetime | None


async def state(connection: AsyncConnection, now: datetime, recipients: list[str]) -> FlowState:
    row = (await connection.execute(QUERY, {"now": now})).one()
    behind = 0
    if recipients:
        reached = {r.recipient: r.position for r in await connection.execute(select(cursor))}
        behind = row.last - min(reached.get(name, 0) for name in recipients)
    return FlowState(
        unsent=row.unsent + behind,
        told=row.told,
        parked={str(name): getattr(row, name) for name in ParkedState if getattr(row, name)},
        undelivered=row.undelivered,
        timers_due=row.due,
        next_timer=row.following,
    )

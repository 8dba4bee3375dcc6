"""Dead letters: what only a person can resolve. Listed, shown without values, replayed or skipped, and audited."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Row, select, update

from .errors import NotFound
from .retries import Retries
from .tables import parked, resolution
from .uow import UnitOfWork


class DeadLetter(BaseModel):
    """A parked event as operators see it."""

    id: int
    stream: UUID
    event_id: UUID | None
    type: str
    source: str
    state: str
    cause: str
    attempts: int
    first_error: str | None
    last_error: str | None
    parked_at: datetime
    next_at: datetime | None


class Shown(DeadLetter):
    """With its attributes, and which fields its body has."""

    headers: dict[str, str]
    fields: list[str]


async def found(uow: UnitOfWork, *, limit: int) -> list[DeadLetter]:
    """Newest first."""
    query = select(parked).where(parked.c.state == "dead").order_by(parked.c.seq.desc()).limit(limit)
    return [DeadLetter(**_fields(row)) for row in await uow.session.execute(query)]


async def of_stream(uow: UnitOfWork, stream: UUID) -> Sequence[DeadLetter]:
    """Everything parked on a stream, in order: the chain that waits."""
    query = select(parked).where(parked.c.stream == stream).order_by(parked.c.seq)
    return [DeadLetter(**_fields(row)) for row in await uow.session.execute(query)]


async def show(uow: UnitOfWork, id_: int) -> Shown:
    row = await _get(uow, id_)
    try:
        body: Any = json.loads(row.body)
    except ValueError:
        body = None
    fields = sorted(cast(dict[str, Any], body)) if isinstance(body, dict) else []
    known = {k: v for k, v in row.headers.items() if k.startswith("ce-")}
    return Shown(**_fields(row), headers=known, fields=fields)


async def replay(uow: UnitOfWork, retries: Retries, id_: int, reason: str) -> None:
    """Tries it again at once, with its attempts counted anew."""
    row = await _get(uow, id_)
    again = {"state": "failed", "attempts": 0, "next_at": retries.parking.clock.now()}
    await uow.session.execute(update(parked).where(parked.c.seq == id_).values(again))
    await _audit(uow, row, "replay", reason)
    uow.after_commit.append(retries.wake)


async def skip(uow: UnitOfWork, retries: Retries, id_: int, reason: str) -> None:
    """Takes it away undone; what stood behind it goes on."""
    row = await _get(uow, id_)
    await _audit(uow, row, "skip", reason)
    await retries.resolve(uow, id_)


async def _get(uow: UnitOfWork, id_: int) -> Row[Any]:
    query = select(parked).where(parked.c.seq == id_, parked.c.state == "dead")
    row = (await uow.session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("List the dead letters; this one may have been resolved.")
    return row


async def _audit(uow: UnitOfWork, row: Row[Any], action: str, reason: str) -> None:
    actor = uow.caller.subject if uow.caller else uow.whoami.source
    said = {"dead_letter": row.seq, "event_id": row.event_id, "action": action, "reason": reason, "actor": actor}
    await uow.session.execute(resolution.insert().values(said | {"at": uow.now}))


def _fields(row: Row[Any]) -> dict[str, Any]:
    names = DeadLetter.model_fields.keys() - {"id"}
    return {"id": row.seq} | {name: getattr(row, name) for name in names}

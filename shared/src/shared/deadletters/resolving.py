"""What an operator does about dead letters, and what was done."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import ConfigDict
from sqlalchemy import ColumnElement, Row, Select, delete, func, select

from shared import resolutions
from shared.errors import Invalid, NotFound
from shared.notices import Fate, tell
from shared.parties import Parties
from shared.resolutions import Action, ReplayReason, Result, SkipReason, remember
from shared.retries import Retries
from shared.tables import ParkedState, parked, resolution
from shared.uow import UnitOfWork

from .forms import Seen
from .letters import Wanted


class Everything(Invalid):
    """Everything at once is replayed by nobody."""


class Report(Seen):
    """How a replay went: of those that were queued how many ran, were parked again, or are still to be tried."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": "0190a0b3-2a90-7b3c-8e15-f4c6d2091b7a", "queued": 12, "ran": 9, "parked": 1, "left": 2}]
        }
    )

    id: UUID
    queued: int
    ran: int
    parked: int
    left: int


class Done(Seen):
    """One line of the audit."""

    id: int
    dead_letter: int
    stream: UUID
    event_id: UUID | None
    action: Action
    batch: UUID | None
    reason: str | None
    note: str | None
    client: str | None
    actor: str
    result: Result
    detail: str | None
    at: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(id=row.seq, **{name: getattr(row, name) for name in cls.model_fields.keys() - {"id"}})


async def replay(
    uow: UnitOfWork,
    retries: Retries,
    parties: Parties,
    wanted: Wanted,
    *,
    limit: int,
    reason: ReplayReason,
    note: str | None = None,
) -> Report:
    """Tries the oldest of those dead letters again at once. Raises `Everything` where nothing narrows them."""
    if wanted.everything:
        raise Everything("Say which: of an event, a case, an organisation, a type, a cause or a time.")
    some = select(parked.c.seq).where(*wanted.conditions(parties)).order_by(parked.c.seq).limit(limit)
    return await _again(uow, retries, parked.c.seq.in_(some), reason, note)


async def replay_one(
    uow: UnitOfWork, retries: Retries, id_: int, reason: ReplayReason, note: str | None = None
) -> Report:
    """Raises `NotFound`."""
    said = await _again(uow, retries, parked.c.seq == id_, reason, note)
    if not said.queued:
        raise _gone()
    return said


async def _again(
    uow: UnitOfWork, retries: Retries, which: ColumnElement[bool], reason: ReplayReason, note: str | None
) -> Report:
    now = retries.parking.clock.now()
    batch, letters = await resolutions.replay(uow, which, at=now, reason=reason, note=note)
    uow.after_commit.append(retries.wake)
    return Report(id=batch, queued=letters, ran=0, parked=0, left=letters)


async def report(uow: UnitOfWork, batch: UUID) -> Report:
    """Raises `NotFound` for a replay that nobody asked for."""
    query = select(resolution.c.result, func.count()).where(resolution.c.batch == batch).group_by(resolution.c.result)
    counts = {result: count for result, count in await uow.session.execute(query)}
    queued, ran, again = (counts.get(each, 0) for each in (Result.QUEUED, Result.RAN, Result.PARKED))
    if not queued:
        raise NotFound("Look at the history; a replay that found nothing has no report.")
    return Report(id=batch, queued=queued, ran=ran, parked=again, left=queued - ran - again)


async def skip(uow: UnitOfWork, retries: Retries, id_: int, reason: SkipReason, note: str | None = None) -> None:
    """Takes it away undone; what stood behind it goes on, and its teller hears of it. Raises `NotFound`."""
    dead = delete(parked).where(parked.c.seq == id_, parked.c.state == ParkedState.DEAD).returning(parked)
    row = (await uow.session.execute(dead)).one_or_none()
    if row is None:
        raise _gone()
    await remember(uow, row, Action.SKIP, Result.SKIPPED, reason=reason, note=note)
    await tell(uow, retries.parking.parties, Fate.SKIPPED, row)
    uow.after_commit.append(retries.wake)


def history(
    *,
    letter: int | None = None,
    event: UUID | None = None,
    stream: UUID | None = None,
    action: Action | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Select[Any]:
    """The audit's lines for which all holds that is said."""
    row = resolution.c
    query = select(resolution)
    asked = ((row.dead_letter, letter), (row.event_id, event), (row.stream, stream), (row.actor, actor))
    for column, value in asked:
        if value is not None:
            query = query.where(column == value)
    if action is not None:
        query = query.where(row.action == str(action))
    if since is not None:
        query = query.where(row.at >= since)
    if until is not None:
        query = query.where(row.at < until)
    return query


def _gone() -> NotFound:
    return NotFound("List the dead letters; this one may have been resolved.")

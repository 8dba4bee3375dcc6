"""A dry run: the very handler in a transaction that is taken back, and what it would have changed and told."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Row, select

from shared.caller import Caller
from shared.db import is_away, is_tie
from shared.errors import Fault, NotFound, Refused
from shared.parking import judge
from shared.resolutions import Action, Result, remember
from shared.retries import FOLLOWING, Retries
from shared.tables import ParkedState, event, parked, stream, timer

from .changes import Change, Changes, Kind, Values
from .forms import Seen
from .words import shown

MOST = 200
ELSEWHERE = (event.name, timer.name, stream.name)
"""Shown as what they are, or order's own bookkeeping."""


class NotItsTurn(Refused):
    """It stands behind another, and is not run before that one."""


class Cell(Seen):
    """A value before and after; only of ids, times, truth values and closed words."""

    before: str | bool | None = None
    after: str | bool | None = None


class RowChange(Seen):
    """What would happen to a row. `columns`: those whose value would be another; `values`: those that may be read."""

    table: str
    kind: Kind
    columns: list[str]
    values: dict[str, Cell]


class WouldTell(Seen):
    """An event that would be told, and to whom."""

    type: str
    stream: UUID
    audience: list[str]


class WouldTime(Seen):
    """A timer that would be set, moved or cleared."""

    kind: str
    stream: UUID
    change: Kind
    due: datetime


class Follower(Seen):
    """An event of the chain that would be tried after it."""

    id: int
    type: str
    state: ParkedState


class DryRun(Seen):
    """What a replay would do now. `complete`: there is nothing besides."""

    id: int
    result: Result
    rows: Sequence[RowChange] = ()
    events: Sequence[WouldTell] = ()
    timers: Sequence[WouldTime] = ()
    then: Sequence[Follower] = ()
    complete: bool = True
    cause: Fault | None = Field(default=None, description="Who would have to act, where it would be parked")
    error: str | None = None
    state: ParkedState | None = None


class _TakenBack(Exception):
    """Ends the transaction. Either what it would have done, or the error that the handler met."""

    def __init__(self, said: DryRun | None = None, met: Exception | None = None) -> None:
        self.said, self.met = said, met


async def dry_run(retries: Retries, id_: int, caller: Caller | None) -> DryRun:
    """Raises `NotFound`, `NotItsTurn`. Nothing is kept but a line in the audit."""
    async with retries.database.reading() as connection:
        row = (await connection.execute(select(parked).where(parked.c.seq == id_))).one_or_none()
    if row is None:
        raise NotFound("List the dead letters; this one may have been resolved.")
    if row.state == ParkedState.BEHIND:
        raise NotItsTurn("Look at its chain, and try the one that it stands behind.")
    said = await _taken_back(retries, row)
    async with retries.database.transaction(caller=caller) as uow:
        await remember(uow, row, Action.DRY_RUN, said.result, detail=said.error)
    return said


async def _taken_back(retries: Retries, row: Row[Any]) -> DryRun:
    try:
        async with retries.database.transaction() as uow:
            changes = Changes(retries.database, await uow.session.connection())
            await changes.begin()
            try:
                await retries.handle(uow, [row])
                await uow.write_events()
            except Exception as error:
                raise _TakenBack(met=error) from error
            found = await changes.found()
            then = (await uow.session.execute(FOLLOWING, {"of": row.stream})).all()
            raise _TakenBack(_told(row, found, then, complete=changes.complete))
    except _TakenBack as end:
        if end.met is not None and (is_away(end.met) or is_tie(end.met)):
            raise end.met from None
        return end.said or _refused(retries, row, end.met or end)


def _told(row: Row[Any], found: list[Change], then: Iterable[Row[Any]], *, complete: bool) -> DryRun:
    rows = [change for change in found if change.table.name not in ELSEWHERE]
    return DryRun(
        id=row.seq,
        result=Result.WOULD_RUN,
        rows=[_row(change) for change in rows[:MOST]],
        events=[_event(change) for change in found if change.table.name == event.name],
        timers=[_timer(change) for change in found if change.table.name == timer.name],
        then=[Follower(id=each.seq, type=each.type, state=each.state) for each in then],
        complete=complete and len(rows) <= MOST,
    )


def _refused(retries: Retries, row: Row[Any], error: Exception) -> DryRun:
    cause, said = judge(error)
    attempts = row.attempts - row.before + 1
    since = row.parked_at if row.state == ParkedState.WAITING else retries.parking.clock.now()
    state, _ = retries.parking.next_try(cause, attempts=attempts, since=since)
    return DryRun(id=row.seq, result=Result.WOULD_PARK, cause=cause, error=said, state=state)


def _row(change: Change) -> RowChange:
    cells: dict[str, Cell] = {}
    for name in dict.fromkeys([*(c.name for c in change.table.primary_key), *change.columns]):
        cell = Cell(before=_value(change, name, change.before), after=_value(change, name, change.after))
        if cell != Cell():
            cells[name] = cell
    return RowChange(table=change.table.name, kind=change.kind, columns=change.columns, values=cells)


def _value(change: Change, name: str, side: Values | None) -> str | bool | None:
    return None if side is None else shown(change.table, name, side[name])


def _event(change: Change) -> WouldTell:
    row = change.row
    said: str = row["audience"]
    audience = sorted(name for name in said.split(",") if name)
    return WouldTell(type=row["type"], stream=row["stream"], audience=audience)


def _timer(change: Change) -> WouldTime:
    row = change.row
    due: datetime = row["due"]
    due = due if due.tzinfo else due.replace(tzinfo=UTC)
    return WouldTime(kind=row["kind"], stream=row["stream"], change=change.kind, due=due)

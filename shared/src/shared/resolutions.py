"""What people did about dead letters, and what came of it: who, when, what, why. Rows are added, never changed."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, update

from .ids import uuid7
from .tables import ParkedState, parked, resolution
from .uow import UnitOfWork


class Action(StrEnum):
    """What was done about a dead letter."""

    REPLAY = "replay"
    SKIP = "skip"
    DRY_RUN = "dry-run"


class Result(StrEnum):
    """What came of it. `queued` is followed by `ran` or `parked`; a dry run says what a run would have come to."""

    QUEUED = "queued"
    RAN = "ran"
    PARKED = "parked"
    SKIPPED = "skipped"
    WOULD_RUN = "would-run"
    WOULD_PARK = "would-park"


class ReplayReason(StrEnum):
    """Why it may succeed now."""

    REPAIRED = "repaired"
    UPGRADED = "upgraded"
    CONFIGURED = "configured"
    SENDER_MENDED = "sender-mended"
    BASIS_GIVEN = "basis-given"
    AWAITED_CAME = "awaited-came"
    TRY_AGAIN = "try-again"


class SkipReason(StrEnum):
    """Why it may stay undone."""

    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    TOLD_BY_MISTAKE = "told-by-mistake"
    NOT_FOR_US = "not-for-us"
    DONE_BY_HAND = "done-by-hand"
    NO_BASIS = "no-basis"
    UNREADABLE = "unreadable"
    FORGED = "forged"


async def remember(
    uow: UnitOfWork,
    letter: Any,
    action: Action,
    result: Result,
    *,
    reason: StrEnum | None = None,
    note: str | None = None,
    batch: UUID | None = None,
    detail: str | None = None,
) -> None:
    """Adds a line to the audit. `letter` is its parked row; `detail` names what a run met, by code."""
    caller = uow.caller
    said = {
        "dead_letter": letter.seq,
        "stream": letter.stream,
        "event_id": letter.event_id,
        "action": str(action),
        "batch": batch,
        "reason": None if reason is None else str(reason),
        "note": note,
        "client": caller.client_id if caller else None,
        "actor": caller.subject if caller else uow.whoami.source,
        "result": str(result),
        "detail": detail,
        "at": uow.now,
    }
    await uow.session.execute(insert(resolution).values(said))


async def replay(
    uow: UnitOfWork, *which: ColumnElement[bool], at: datetime, reason: ReplayReason, note: str | None = None
) -> tuple[UUID, int]:
    """Makes dead letters due at `at`, their pauses counted anew, and remembers who wanted it.

    Returns the batch, under which each will have its result, and how many there are.
    """
    batch = uuid7()
    values = {"state": str(ParkedState.FAILED), "before": parked.c.attempts, "next_at": at, "batch": batch}
    dead = update(parked).where(parked.c.state == ParkedState.DEAD, *which).values(values)
    letters = (await uow.session.execute(dead.returning(parked.c.seq, parked.c.stream, parked.c.event_id))).all()
    for letter in letters:
        await remember(uow, letter, Action.REPLAY, Result.QUEUED, reason=reason, note=note, batch=batch)
    return batch, len(letters)

"""Activities: started, extended, changed, ended."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from assessment.domain import Activity
from shared.tasks import HeardRecall, HeardRequest, find_asked, grant_parts
from shared.uow import UnitOfWork


async def request_activity(
    uow: UnitOfWork, asked: HeardRequest, *, choose_from: Sequence[str], package: str | None, lasts: str | None
) -> None:
    """Home asks for an activity. Asked twice with the same play, it is there once."""
    if await find_asked(uow, Activity, asked) is None:
        uow.add(Activity.requested(asked, uow.now, choose_from=choose_from, package=package, lasts=lasts))
        await grant_parts(uow, asked)


async def recall_activity(uow: UnitOfWork, asked: HeardRecall) -> None:
    """Home takes the request back; what has begun is ended by people."""
    activity = await find_asked(uow, Activity, asked)
    if activity is not None and not activity.begun:
        activity.recall(asked.time)


async def start(uow: UnitOfWork, activity_id: UUID, activity: str | None, at: datetime | None) -> Activity:
    """It begins, as one of those offered."""
    found = await uow.get(Activity, activity_id)
    uow.emit(found.start(activity, uow.happened(at)))
    return found


async def extend(uow: UnitOfWork, activity_id: UUID, *, until: datetime, at: datetime | None) -> Activity:
    """It goes on for longer."""
    found = await uow.get(Activity, activity_id)
    uow.emit(found.extend(until, uow.happened(at)))
    return found


async def change(uow: UnitOfWork, activity_id: UUID, activity: str, at: datetime | None) -> Activity:
    """It goes on as another of those offered."""
    found = await uow.get(Activity, activity_id)
    uow.emit(found.change(activity, uow.happened(at)))
    return found


async def end(uow: UnitOfWork, activity_id: UUID, outcome: str | None, at: datetime | None) -> Activity:
    """It is over."""
    found = await uow.get(Activity, activity_id)
    uow.emit(found.end(outcome, uow.happened(at)))
    return found

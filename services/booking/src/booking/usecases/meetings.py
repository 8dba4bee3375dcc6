"""What booking can do with a meeting. What becomes of its interpreter follows in the same transaction."""

from datetime import datetime
from uuid import UUID

from booking.domain import Meeting
from booking.domain.arrangements import Arrangement
from booking.events import Reason
from shared.tasks import HeardRecall, HeardRequest, find_asked, grant_parts
from shared.uow import UnitOfWork

from . import interpreters


async def request(uow: UnitOfWork, asked: HeardRequest, *, interpreters: Arrangement) -> None:
    """Home asks for a meeting. Asked twice with the same play, it is there once."""
    if await find_asked(uow, Meeting, asked) is None:
        uow.add(Meeting.requested(asked, uow.now, interpreters=interpreters))
        await grant_parts(uow, asked)


async def recall(uow: UnitOfWork, asked: HeardRecall) -> None:
    """Home takes the request back; what is over stays as it is."""
    meeting = await find_asked(uow, Meeting, asked)
    if meeting is not None and meeting.open:
        uow.emit(meeting.cancel(Reason.RECALLED, asked.time))
        await interpreters.release(uow, meeting)


async def book(uow: UnitOfWork, meeting_id: UUID, *, starts: datetime, ends: datetime) -> Meeting:
    """A time is set, or moved to another."""
    meeting = await uow.get(Meeting, meeting_id)
    earlier = (meeting.starts, meeting.ends)
    uow.emit(meeting.book(starts=starts, ends=ends, at=uow.now))
    if earlier != (meeting.starts, meeting.ends):
        await interpreters.move(uow, meeting)
    return meeting


async def hold(uow: UnitOfWork, meeting_id: UUID, outcome: str | None, at: datetime | None) -> Meeting:
    """It took place."""
    meeting = await uow.get(Meeting, meeting_id)
    uow.emit(meeting.hold(outcome, uow.happened(at)))
    await interpreters.close(uow, meeting)
    return meeting


async def miss(uow: UnitOfWork, meeting_id: UUID, at: datetime | None) -> Meeting:
    """Somebody did not come."""
    meeting = await uow.get(Meeting, meeting_id)
    uow.emit(meeting.miss(uow.happened(at)))
    await interpreters.close(uow, meeting)
    return meeting


async def cancel(uow: UnitOfWork, meeting_id: UUID, reason: Reason) -> Meeting:
    """It is called off."""
    meeting = await uow.get(Meeting, meeting_id)
    uow.emit(meeting.cancel(reason, uow.now))
    await interpreters.release(uow, meeting)
    return meeting


async def decline(uow: UnitOfWork, meeting_id: UUID, reason: Reason) -> Meeting:
    """The asked party does not take it on."""
    meeting = await uow.get(Meeting, meeting_id)
    uow.emit(meeting.decline(reason, uow.now))
    return meeting

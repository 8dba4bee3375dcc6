"""Events in. Only the fields booking reads."""

from shared.subscriptions import Subscriptions
from shared.tasks import HeardRecall, HeardRequest
from shared.uow import UnitOfWork

from . import usecases
from .domain import Meeting

subscriptions = Subscriptions()


class MeetingRequested(HeardRequest, type="meeting.requested"):
    """Home asks for a meeting."""


class MeetingRecalled(HeardRecall, type="meeting.recalled"):
    """Home takes it back."""


@subscriptions.on(MeetingRequested, loads=Meeting)
async def request(uow: UnitOfWork, event: MeetingRequested) -> None:
    await usecases.request(uow, event)


@subscriptions.on(MeetingRecalled, loads=Meeting)
async def recall(uow: UnitOfWork, event: MeetingRecalled) -> None:
    await usecases.recall(uow, event)

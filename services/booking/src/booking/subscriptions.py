"""Events in, and timers. Only the fields booking reads."""

from shared.subscriptions import Load, Subscriptions
from shared.tasks import HeardRecall, HeardRequest
from shared.timers import Rang, Timers
from shared.uow import UnitOfWork

from .domain import AgendaItem, Meeting
from .domain.agendas import Group
from .domain.arrangements import Arrangement, SpanText
from .usecases import agendas, interpreters, meetings

subscriptions = Subscriptions()
timers = Timers()


class MeetingRequested(HeardRequest, type="meeting.requested"):
    """Home asks for a meeting, and says who may order an interpreter for it, of whom."""

    interpreters: Arrangement = Arrangement()


class MeetingRecalled(HeardRecall, type="meeting.recalled"):
    """Home takes it back."""


class AgendaRequested(HeardRequest, type="agenda.requested"):
    """Home asks a standing group to take up a case."""

    group: Group
    every: SpanText | None = None


class AgendaRecalled(HeardRecall, type="agenda.recalled"):
    """Home takes it back."""


@subscriptions.on(MeetingRequested, Load(Meeting))
async def request_meeting(uow: UnitOfWork, event: MeetingRequested) -> None:
    await meetings.request(uow, event, interpreters=event.interpreters)


@subscriptions.on(MeetingRecalled, Load(Meeting))
async def recall_meeting(uow: UnitOfWork, event: MeetingRecalled) -> None:
    await meetings.recall(uow, event)


@subscriptions.on(AgendaRequested, Load(AgendaItem))
async def request_agenda_item(uow: UnitOfWork, event: AgendaRequested) -> None:
    await agendas.request(uow, event, group=event.group, every=event.every)


@subscriptions.on(AgendaRecalled, Load(AgendaItem))
async def recall_agenda_item(uow: UnitOfWork, event: AgendaRecalled) -> None:
    await agendas.recall(uow, event)


@timers.on(interpreters.ANSWER)
async def end_of_answer(uow: UnitOfWork, rang: Rang) -> None:
    await interpreters.lapse(uow, rang)


@timers.on(interpreters.LEAD)
async def begin_of_lead(uow: UnitOfWork, rang: Rang) -> None:
    await interpreters.lack(uow, rang)

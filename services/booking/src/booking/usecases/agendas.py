"""What booking can do with the agenda of a standing group."""

from datetime import date, datetime
from uuid import UUID

from booking.domain import AgendaItem
from booking.events import AgendaFact, agenda_stream
from shared.tasks import HeardRecall, HeardRequest, find_asked, grant_parts
from shared.uow import UnitOfWork


async def request(uow: UnitOfWork, asked: HeardRequest, *, group: str, every: str | None) -> None:
    """Home asks a group to take up a case. Asked twice with the same play, it is there once."""
    if await find_asked(uow, AgendaItem, asked) is None:
        uow.add(AgendaItem.requested(asked, uow.now, group=group, every=every))
        await grant_parts(uow, asked)


async def recall(uow: UnitOfWork, asked: HeardRecall) -> None:
    """Home takes the request back; what is decided stays as it is."""
    item = await find_asked(uow, AgendaItem, asked)
    if item is not None and item.open:
        item.recall(asked.time)


async def list_item(uow: UnitOfWork, item_id: UUID, sitting: date) -> AgendaItem:
    """It is put on the agenda of a sitting."""
    item = await uow.get(AgendaItem, item_id)
    await _tell(uow, item, item.list(sitting, uow.now))
    return item


async def decide(uow: UnitOfWork, item_id: UUID, outcome: str | None, at: datetime | None) -> AgendaItem:
    """The group has decided."""
    item = await uow.get(AgendaItem, item_id)
    await _tell(uow, item, item.decide(outcome, uow.happened(at)))
    return item


async def carry_over(uow: UnitOfWork, item_id: UUID, sitting: date) -> AgendaItem:
    """The group takes it up at a later sitting."""
    item = await uow.get(AgendaItem, item_id)
    await _tell(uow, item, item.carry_over(sitting, uow.now))
    return item


async def _tell(uow: UnitOfWork, item: AgendaItem, fact: AgendaFact) -> None:
    """In the group's stream, locked after the case's by everybody, so that two never wait for each other."""
    await uow.lock(agenda_stream(item.home, item.group))
    uow.emit(fact)

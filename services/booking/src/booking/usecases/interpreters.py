"""What booking can do about interpreters: providers are asked one after another, and let go when the meeting moves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlmodel import col, select

from booking.domain import Meeting, Order
from booking.domain.interpreters import Refusal, Status
from booking.domain.meetings import Interpreter, NothingOrdered
from booking.domain.requirements import Requirements
from shared.errors import NotFound
from shared.timers import Rang, clear_timer, set_timer
from shared.uow import UnitOfWork

ANSWER = "interpreter-answer"
LEAD = "interpreter-lead"


async def order(uow: UnitOfWork, meeting_id: UUID, wanted: Requirements) -> Order:
    """The party that orders asks the first provider."""
    meeting = await uow.get(Meeting, meeting_id)
    uow.emit(meeting.order_interpreter(_party(uow), uow.now))
    wanted.check()
    made = await _ask(uow, meeting, wanted.model_dump(mode="json", by_alias=True), turn=0)
    assert made is not None, "a time to come leaves the first provider time to answer"
    await _watch(uow, meeting)
    return made


async def give_up(uow: UnitOfWork, meeting_id: UUID) -> Meeting:
    """The party that ordered does not need it any more. Raises `NothingOrdered`."""
    meeting = await uow.get(Meeting, meeting_id)
    meeting.arrangement.require_orderer(_party(uow))
    if not await release(uow, meeting):
        raise NothingOrdered("There is nothing to do.")
    return meeting


async def orders_of(uow: UnitOfWork, meeting_id: UUID) -> Select[Any]:
    """What the party that orders may read: every provider that was asked, with the answer."""
    meeting = await uow.find(Meeting, meeting_id)
    if meeting is None:
        raise NotFound("Check the id of the meeting.")
    meeting.arrangement.require_orderer(_party(uow))
    return select(Order).where(col(Order.meeting_id) == meeting.id)


async def confirm(uow: UnitOfWork, order_id: UUID, interpreter: str) -> Order:
    """The provider sends one of its interpreters."""
    found = await uow.get(Order, order_id)
    found.confirm(interpreter, uow.now)
    meeting = await _meeting_of(uow, found)
    uow.emit(meeting.interpreter_becomes(Interpreter.CONFIRMED, uow.now))
    await _stop(uow, meeting, found)
    return found


async def refuse(uow: UnitOfWork, order_id: UUID, reason: Refusal) -> Order:
    """The provider sends nobody, or nobody any more: the next one is asked."""
    found = await uow.get(Order, order_id)
    found.refuse(reason, uow.now)
    await _pass_on(uow, found, uow.now)
    return found


async def lapse(uow: UnitOfWork, rang: Rang) -> None:
    """The time for an answer is over: the next provider is asked."""
    found = await uow.find(Order, UUID(rang.key))
    if found is not None and found.status == Status.ASKED:
        found.lapse(rang.due)
        await _pass_on(uow, found, rang.due)


async def lack(uow: UnitOfWork, rang: Rang) -> None:
    """The lead time has come: unless an interpreter is confirmed, home hears that the meeting is not ready."""
    meeting = await uow.find(Meeting, UUID(rang.key))
    if meeting is not None and (told := meeting.lack(rang.due)) is not None:
        uow.emit(told)


async def move(uow: UnitOfWork, meeting: Meeting) -> None:
    """The meeting has another time: one is asked for anew, from the first provider, unless none was ordered."""
    orders = await _orders(uow, meeting)
    if not orders or meeting.interpreter == Interpreter.NONE:
        return
    last = next((each for each in orders if each.live), orders[-1])
    await release(uow, meeting)
    made = await _ask(uow, meeting, last.requirements, turn=0)
    uow.emit(meeting.interpreter_becomes(Interpreter.ORDERED if made else Interpreter.UNAVAILABLE, uow.now))
    await _watch(uow, meeting)


async def release(uow: UnitOfWork, meeting: Meeting) -> bool:
    """The provider that was asked is let go. Returns whether there was one."""
    live = next((each for each in await _orders(uow, meeting) if each.live), None)
    await _stop(uow, meeting, live)
    if live is None:
        return False
    live.release(uow.now)
    uow.emit(meeting.interpreter_becomes(Interpreter.NONE, uow.now))
    return True


async def close(uow: UnitOfWork, meeting: Meeting) -> None:
    """The meeting has begun, whether or not it could be held: the interpreter's time is used."""
    live = next((each for each in await _orders(uow, meeting) if each.live), None)
    if live is not None and live.status == Status.CONFIRMED:
        live.use(uow.now)
    else:
        await release(uow, meeting)


async def _ask(uow: UnitOfWork, meeting: Meeting, requirements: dict[str, Any], *, turn: int) -> Order | None:
    """Asks the provider whose turn it is, if there is one and it could still answer before the meeting begins."""
    arrangement = meeting.arrangement
    if turn >= len(arrangement.providers) or meeting.answer_by(uow.now) <= uow.now:
        return None
    provider = arrangement.providers[turn]
    made = Order.asked(meeting, provider, requirements, turn=turn, at=uow.now)
    uow.add(made)
    acting = (provider.organisation, provider.party)
    uow.grant(made.id, [acting], acts=[acting])
    set_timer(uow, ANSWER, stream=made.case_id, key=str(made.id), due=made.answer_by)
    return made


async def _pass_on(uow: UnitOfWork, found: Order, at: datetime) -> None:
    """To the next provider. Home hears of it where one had been confirmed, or where none is left."""
    meeting = await _meeting_of(uow, found)
    clear_timer(uow, ANSWER, stream=found.case_id, key=str(found.id))
    made = await _ask(uow, meeting, found.requirements, turn=found.turn + 1)
    if made is None:
        uow.emit(meeting.interpreter_becomes(Interpreter.UNAVAILABLE, at))
    elif meeting.interpreter == Interpreter.CONFIRMED:
        uow.emit(meeting.interpreter_becomes(Interpreter.ORDERED, at))
    await _watch(uow, meeting)


async def _watch(uow: UnitOfWork, meeting: Meeting) -> None:
    """Sets the instant at which the area wants an interpreter confirmed; at once, where it has passed already."""
    if meeting.confirmed_by is not None:
        due = max(meeting.confirmed_by, uow.now)
        set_timer(uow, LEAD, stream=meeting.case_id, key=str(meeting.id), due=due)


async def _stop(uow: UnitOfWork, meeting: Meeting, live: Order | None) -> None:
    clear_timer(uow, LEAD, stream=meeting.case_id, key=str(meeting.id))
    if live is not None:
        clear_timer(uow, ANSWER, stream=live.case_id, key=str(live.id))


async def _orders(uow: UnitOfWork, meeting: Meeting) -> Sequence[Order]:
    """All that were ever asked, oldest first. The meeting's stream is locked, so none changes meanwhile."""
    query = select(Order).where(col(Order.meeting_id) == meeting.id).order_by(col(Order.id))
    return (await uow.session.scalars(query)).all()


async def _meeting_of(uow: UnitOfWork, found: Order) -> Meeting:
    """Looks past the caller's parts on purpose: a provider changes how the meeting stands, and sees nothing of it."""
    return await uow.session.get_one(Meeting, found.meeting_id)


def _party(uow: UnitOfWork) -> str:
    assert uow.caller is not None
    return uow.caller.party

"""What reporting does with what it hears, and what it shows. Nothing here depends on the order of events."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import Table, inspect
from sqlmodel import col, select

from shared.envelope import Envelope
from shared.errors import NotFound
from shared.tables import holds
from shared.tasks import Participant
from shared.uow import UnitOfWork
from shared.writes import Into

from .domain import CaseSummary, Deadline, Entry, OtherHome

MOST = 2000
HOME_TELLS = "referral"
ENTRIES = Into(cast(Table, inspect(Entry).local_table), key=("id",), updates=())
"""Lines are only ever added, one for each fact: written as the event log is, not as things that change."""


async def the_case(uow: UnitOfWork, event: Envelope, case_id: UUID) -> CaseSummary:
    """The row of the case, made by whichever event comes first.

    Raises `OtherHome` where a case is told of as another home's, or by a referral service that is not home's: whoever
    may say who takes part in a case decides who reads it here.
    """
    if event.source.endswith(f"/{HOME_TELLS}") and event.organisation != event.home:
        raise OtherHome("Tell it where the case has its home.")
    case = await uow.find(CaseSummary, case_id)
    if case is None:
        case = CaseSummary(id=case_id, case_id=case_id, home=event.home, changed_at=event.time)
        uow.add(case)
    elif case.home != event.home:
        raise OtherHome("Repeat the home that the request named.")
    return case


def audience(event: Envelope, here: str) -> frozenset[str]:
    """Who may hear an event: as its teller says inside the own organisation; of others, its teller, home and `here`."""
    return event.audience or frozenset({event.organisation, event.home, here})


class Line(TypedDict):
    """What a timeline says of an event."""

    moment: str
    task: str | None
    round: int | None
    play: UUID | None
    outcome: str | None
    reason: str | None
    reach: str | None


async def note(uow: UnitOfWork, event: Envelope, case_id: UUID, line: Line) -> None:
    """One line more in a timeline. Heard twice, it is there once."""
    await the_case(uow, event, case_id)
    told = {
        "id": event.id,
        "case_id": case_id,
        "home": event.home,
        "version": 1,
        "changed_at": uow.now,
        "type": event.subject.rpartition(".v")[0],
        "source": event.source,
        "time": event.time,
        "recorded": uow.now,
        "audience": audience(event, uow.whoami.organisation),
    }
    uow.put(ENTRIES, {**told, **line})


async def admit(uow: UnitOfWork, case: CaseSummary, parties: Iterable[Participant]) -> None:
    """The parties named may see the case from now on."""
    uow.grant(case.id, [(each.organisation, each.party) for each in parties], acts=[])


async def met(uow: UnitOfWork, deadline: Deadline, at: datetime, *, learnt_late: bool) -> None:
    """A deadline held; it corrects what was called missed."""
    row = await _known(uow, deadline)
    row.held(at, learnt_late=learnt_late, audience=deadline.audience)


async def missed(uow: UnitOfWork, deadline: Deadline) -> None:
    """A deadline was missed, unless it is known already what became of it."""
    row = await _known(uow, deadline)
    row.owner = row.owner or deadline.owner


async def timeline(uow: UnitOfWork, case_id: UUID) -> Sequence[Entry]:
    """All that happened in a case the caller has a part in, in the order in which it happened."""
    await uow.get(CaseSummary, case_id)
    return await _entries(uow, case_id)


async def deadlines(uow: UnitOfWork, case_id: UUID) -> Sequence[Deadline]:
    """The deadlines of a case the caller has a part in, by when they were due."""
    await uow.get(CaseSummary, case_id)
    return await _deadlines(uow, case_id)


async def operators_timeline(uow: UnitOfWork, case_id: UUID) -> Sequence[Entry]:
    """As `timeline`, for those who run the service."""
    await _exists(uow, case_id)
    return await _entries(uow, case_id)


async def operators_deadlines(uow: UnitOfWork, case_id: UUID) -> Sequence[Deadline]:
    """As `deadlines`, for those who run the service."""
    await _exists(uow, case_id)
    return await _deadlines(uow, case_id)


async def _known(uow: UnitOfWork, deadline: Deadline) -> Deadline:
    row = await uow.find(Deadline, deadline.id)
    if row is None:
        uow.add(row := deadline)
    return row


def audible(uow: UnitOfWork, query: Any, column: Any) -> Any:
    """Narrows a query to what the caller's organisation may hear. The platform's own work sees all."""
    return query if uow.caller is None else query.where(holds(column, uow.caller.organisation))


async def _exists(uow: UnitOfWork, case_id: UUID) -> None:
    if await uow.session.get(CaseSummary, case_id) is None:
        raise NotFound("Check the id of the case.")


async def _entries(uow: UnitOfWork, case_id: UUID) -> Sequence[Entry]:
    query = audible(uow, select(Entry).where(col(Entry.case_id) == case_id), col(Entry.audience))
    newest = query.order_by(col(Entry.time).desc(), col(Entry.recorded).desc(), col(Entry.id).desc()).limit(MOST)
    return [*reversed((await uow.session.scalars(newest)).all())]


async def _deadlines(uow: UnitOfWork, case_id: UUID) -> Sequence[Deadline]:
    query = audible(uow, select(Deadline).where(col(Deadline.case_id) == case_id), col(Deadline.audience))
    return (await uow.session.scalars(query.order_by(col(Deadline.due), col(Deadline.listed)).limit(MOST))).all()

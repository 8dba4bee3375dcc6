"""Deviations: reported unasked, by whoever has a part in something of the case here."""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from assessment.domain import Activity, Assessment, Decision, Deviation, Plan
from assessment.domain.tables import since_asked
from assessment.events import Reason
from shared.entity import Asked
from shared.errors import NotFound
from shared.uow import NotYourMove, UnitOfWork

KINDS: tuple[type[Assessment | Activity | Decision | Plan], ...] = (Assessment, Activity, Decision, Plan)


async def report(uow: UnitOfWork, case_id: UUID, reason: Reason, at: datetime | None) -> Deviation:
    """Raises `NotFound` for a case of which the caller has no part in anything here."""
    assert uow.caller is not None
    first = await _first_asked(uow, case_id)
    if first is None:
        raise NotFound("Check the id of the case.")
    if uow.caller.service:
        raise NotYourMove("A service makes no move for a party; use the party's own token.")
    await uow.lock(case_id)
    happened = since_asked(first, uow.happened(at))
    by = (uow.caller.organisation, uow.caller.party)
    deviation = Deviation.reported(case_id, first.home, reason, happened, by=by, now=uow.now)
    uow.add(deviation)
    uow.grant(deviation.id, [by], acts=[])
    uow.emit(deviation.told())
    return deviation


async def _first_asked(uow: UnitOfWork, case_id: UUID) -> Asked | None:
    """What was asked for first, of all in the case that the caller has a part in."""
    found: list[Asked] = []
    for kind in KINDS:
        query = uow.visible(select(kind).where(col(kind.case_id) == case_id), col(kind.id))
        row = await uow.session.scalar(query.order_by(col(kind.opened_at)).limit(1))
        found += [row] if row is not None else []
    return min(found, key=lambda each: each.opened_at, default=None)

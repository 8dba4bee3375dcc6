"""What consent can do. Each function runs inside the transaction its caller opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from shared.errors import Refused
from shared.releases.words import Category, Purpose
from shared.tasks import HeardRecall, HeardRequest, Participant, find_asked, grant_parts
from shared.timers import Rang, clear_timer, set_timer
from shared.uow import UnitOfWork

from .domain import Basis, Form, Permit, ReleaseKnown, Status, Use, rushed

PERIOD = "period"


class NotAtHome(Refused):
    """The bases of a case live with its home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A release for which a permit is asked."""

    release_id: UUID
    person_id: UUID
    recipient: str
    party: str
    purpose: Purpose
    categories: Sequence[Category]


async def request(uow: UnitOfWork, asked: HeardRequest, *, waiver: bool, between: Sequence[Participant]) -> None:
    """Home asks a party to obtain it. Asked twice with the same play, it is there once. Raises `NotAtHome`."""
    if asked.home != uow.whoami.organisation:
        raise NotAtHome("Ask the consent service of the home of the case.")
    if await find_asked(uow, Basis, asked) is None:
        uow.add(Basis.requested(asked, uow.now, waiver=waiver, between=between))
        await grant_parts(uow, asked)


async def recall(uow: UnitOfWork, asked: HeardRecall) -> None:
    """Home takes the request back; what the person has answered stays as it is."""
    basis = await find_asked(uow, Basis, asked)
    if basis is not None and basis.status == Status.REQUESTED:
        basis.recall(uow.now)


async def grant(uow: UnitOfWork, basis_id: UUID, form: Form, *, at: datetime | None, until: datetime | None) -> Basis:
    """The person has given it."""
    basis = await uow.get(Basis, basis_id)
    uow.emit(basis.grant(form, uow.happened(at), until=until, now=uow.now))
    if until is not None:
        set_timer(uow, PERIOD, stream=basis.case_id, key=str(basis.id), due=until)
    return basis


async def refuse(uow: UnitOfWork, basis_id: UUID, at: datetime | None) -> Basis:
    """The person does not give it."""
    basis = await uow.get(Basis, basis_id)
    uow.emit(basis.refuse(uow.happened(at), now=uow.now))
    return basis


async def withdraw(uow: UnitOfWork, basis_id: UUID, at: datetime | None) -> Basis:
    """The person withdraws it: no permit from here, and those that are open are fenced at once."""
    basis = await uow.get(Basis, basis_id)
    basis.withdraw(uow.happened(at), now=uow.now)
    clear_timer(uow, PERIOD, stream=basis.case_id, key=str(basis.id))
    rushed(await _open(uow, basis), uow.now)
    await _acknowledge(uow, basis)
    return basis


async def expire(uow: UnitOfWork, rang: Rang) -> None:
    """The period is over. Permits given within it are fenced when their minute is over, like all others."""
    basis = await uow.find(Basis, UUID(rang.key))
    if basis is not None and basis.status == Status.GRANTED and basis.until == rang.due:
        uow.emit(basis.expire(rang.due, now=uow.now))


async def permit(
    uow: UnitOfWork, wanted: Sequence[Wanted], *, releaser: str, service: str
) -> dict[UUID, Permit | None]:
    """A permit for each release that a basis covers, nothing for the others. Raises `ReleaseKnown`.

    Looks past the caller's parts on purpose: this is the decision whether it may know, and it answers yes or no.
    """
    persons = {each.person_id for each in wanted}
    await uow.lock(*await uow.session.scalars(select(Basis.case_id).where(col(Basis.person_id).in_(persons))))
    ids = {each.release_id for each in wanted}
    known = await uow.session.scalar(select(Permit.id).where(col(Permit.id).in_(ids)).limit(1))
    if known is not None or len(ids) < len(wanted):
        raise ReleaseKnown("Make a new release id.")
    found = select(Basis).where(col(Basis.person_id).in_(persons), Basis.status == Status.GRANTED)
    bases = (await uow.session.scalars(found.order_by(col(Basis.id)))).all()
    given: dict[UUID, Permit | None] = {}
    for each in wanted:
        live = (b for b in bases if b.person_id == each.person_id)
        to = (each.recipient, each.party)
        basis = next((b for b in live if b.covers(releaser=releaser, to=to, at=uow.now)), None)
        given[each.release_id] = basis and basis.permit(
            each.release_id,
            uow.now,
            releaser=releaser,
            service=service,
            recipient=each.recipient,
            purpose=each.purpose,
            categories=sorted(each.categories),
        )
    uow.session.add_all([permit for permit in given.values() if permit is not None])
    return given


async def close(uow: UnitOfWork, release_id: UUID, *, void: bool) -> None:
    """The releaser has said what became of a permit. After the last one a withdrawal is acknowledged."""
    case = await uow.session.scalar(select(Permit.case_id).where(Permit.id == release_id))
    if case is None:
        return
    await uow.lock(case)
    permit = await uow.session.get_one(Permit, release_id)
    permit.close(void=void)
    basis = await uow.find(Basis, permit.basis_id)
    if basis is not None and basis.status == Status.WITHDRAWING:
        await _acknowledge(uow, basis)


async def _acknowledge(uow: UnitOfWork, basis: Basis) -> None:
    if not await _open(uow, basis):
        uow.emit(basis.acknowledge(uow.now))


async def _open(uow: UnitOfWork, basis: Basis) -> Sequence[Permit]:
    query = select(Permit).where(Permit.basis_id == basis.id, Permit.status == Use.OPEN)
    return (await uow.session.scalars(query)).all()

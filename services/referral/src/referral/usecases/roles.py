"""Roles: who holds them, where home asked a party to say so."""

from datetime import datetime
from uuid import UUID

from referral.domain.roles import RoleHolding, RoleStatus
from shared.tasks import HeardRecall, HeardRequest, find_asked, grant_parts
from shared.uow import UnitOfWork


async def request(uow: UnitOfWork, asked: HeardRequest) -> None:
    """Home asks. Asked twice with the same play, it is there once."""
    if await find_asked(uow, RoleHolding, asked) is None:
        uow.add(RoleHolding.requested(asked, uow.now))
        await grant_parts(uow, asked)


async def recall(uow: UnitOfWork, asked: HeardRecall) -> None:
    """Home does not ask any more; a role that is held stays so."""
    role = await find_asked(uow, RoleHolding, asked)
    if role is not None and role.status == RoleStatus.REQUESTED:
        role.move(RoleStatus.RECALLED, uow.now)


async def assign(uow: UnitOfWork, role_id: UUID, holder: str, at: datetime | None) -> RoleHolding:
    """The party says who holds it, or who takes over."""
    role = await uow.get(RoleHolding, role_id)
    uow.emit(role.assign(holder, uow.happened(at)))
    return role

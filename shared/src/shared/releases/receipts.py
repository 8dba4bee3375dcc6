"""Receipts and fences: one row a release id, so that whichever comes first, release or fence, decides for good."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from shared.errors import Fault, NotFound, Refused
from shared.uow import UnitOfWork

from .permits import Permit, Wanted
from .tables import receipt


class Fenced(Refused):
    """The permit was fenced before it was used, so nothing is released."""

    fault = Fault.CONSENT


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a release id: void for ever, or really released under that permit."""

    void: bool
    permit: int | None


async def write_receipt(uow: UnitOfWork, permit: Permit, wanted: Wanted, *, recipient: str) -> None:
    """Claims the release id, in the transaction that reads what is released. Raises `Fenced` if it is void."""
    row = {
        "release_id": permit.release_id,
        "void": False,
        "home": wanted.home,
        "basis": permit.basis,
        "permit": permit.number,
        "person": wanted.person_id,
        "purpose": wanted.purpose,
        "categories": ",".join(sorted(wanted.categories)),
        "recipient": recipient,
        "traceparent": uow.traceparent,
        "recorded": uow.now,
    }
    claim = uow.insert(receipt).values(row).on_conflict_do_nothing().returning(receipt.c.release_id)
    if await uow.session.scalar(claim) is None:
        raise Fenced("Ask again; if the person has withdrawn, the answer is no.", releaseId=str(permit.release_id))


async def fence(uow: UnitOfWork, release_id: UUID, *, home: str) -> Fate:
    """Makes the id void, or finds the receipt that came first. Waits for a release in flight under that id.

    Asked again it says the same. Raises `NotFound` where the id belongs to another home.
    """
    row = {"release_id": release_id, "void": True, "home": home, "recorded": uow.now}
    await uow.session.execute(uow.insert(receipt).values(row).on_conflict_do_nothing())
    found = select(receipt.c.void, receipt.c.permit).where(receipt.c.release_id == release_id, receipt.c.home == home)
    if (there := (await uow.session.execute(found)).one_or_none()) is None:
        raise NotFound("Check the release id.")
    return Fate(there.void, there.permit)

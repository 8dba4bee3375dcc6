"""What may be read of a case beside its row."""

from uuid import UUID

from sqlmodel import col, select

from referral.domain.cases import Case
from shared.uow import UnitOfWork
from shared.vault import Vault


async def of_the_same_person(uow: UnitOfWork, vault: Vault, case: Case) -> list[UUID]:
    """The other cases here of the person of this one, for whoever is the receiver of both; newest first.

    Nobody else learns that two cases belong together: it would say who the person is without a release.
    """
    persons = await vault.alike(uow.session, case.person_id)
    if not persons:
        return []
    receives = uow.visible(select(Case.id), col(Case.id), acts=True)
    if await uow.session.scalar(receives.where(col(Case.id) == case.id)) is None:
        return []
    others = receives.where(col(Case.person_id).in_(persons)).order_by(col(Case.id).desc())
    return list(await uow.session.scalars(others))

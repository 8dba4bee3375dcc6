"""Intake: takes referrals in, and tells their senders what became of them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from referral.domain.referrals import AlreadyReferred, Referral, Status, admit, admit_person
from shared.calendar import STOCKHOLM
from shared.caller import Caller
from shared.identity import Identity
from shared.uow import UnitOfWork
from shared.vault import Vault

from .repertoire import Repertoire


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A referral as it was sent, the person apart from the rest."""

    pathway: str
    door: str
    identity: Identity
    contact: dict[str, Any]
    attests: set[str]
    asks: dict[str, str] = field(default_factory=dict[str, str])
    dates: dict[str, date] = field(default_factory=dict[str, date])


async def receive(uow: UnitOfWork, repertoire: Repertoire, vault: Vault, sender: Caller, sent: Sent) -> Referral:
    """Raises `UnknownPathway`, what `admit` and `admit_person` raise, and `AlreadyReferred`."""
    score = repertoire.score(sent.pathway)
    admit(score, sender, door=sent.door, attests=sent.attests, asks=sent.asks, dates=set(sent.dates))
    admit_person(score, sent.identity, uow.now.astimezone(STOCKHOLM).date())
    await _refuse_twice(uow, vault, sender, sent)
    referral, told = Referral.receive(score, sender, sent.door, sent.asks, sent.dates, uow.now)
    uow.open(referral.case_id)
    await repertoire.pin(uow, score)
    for into, row in vault.new(referral.person_id, sent.identity, {"contact": sent.contact}, now=uow.now):
        uow.put(into, row)
    uow.add(referral)
    me = (sender.organisation, sender.party)
    uow.grant(referral.id, [me], acts=[me])
    uow.emit(told)
    return referral


async def withdraw(uow: UnitOfWork, referral_id: UUID) -> Referral:
    """The sender takes its referral back."""
    referral = await uow.get(Referral, referral_id)
    uow.emit(referral.withdraw(uow.now))
    return referral


async def became(
    uow: UnitOfWork,
    case_id: UUID,
    status: Status,
    at: datetime,
    *,
    reason: str | None = None,
    ending: str | None = None,
) -> None:
    """What home told of the case, for the sender to see."""
    referral = await uow.of_case(Referral, case_id)
    if referral is not None:
        referral.became(status, at, reason=reason, ending=ending)


async def _refuse_twice(uow: UnitOfWork, vault: Vault, sender: Caller, sent: Sent) -> None:
    """The same person by the same sender to the same pathway, while the first is not over."""
    await vault.hold(uow.session, sent.identity)
    known = await vault.find(uow.session, sent.identity)
    if not known:
        return
    rows = await uow.session.scalars(
        select(Referral).where(
            col(Referral.person_id).in_(known),
            col(Referral.pathway) == sent.pathway,
            col(Referral.sender_organisation) == sender.organisation,
            col(Referral.sender) == sender.party,
        )
    )
    for first in rows:
        if not first.over:
            raise AlreadyReferred("See what became of it there.", first=f"/referral/v1/referrals/{first.id}")

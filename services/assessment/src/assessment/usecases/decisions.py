"""Decisions: signed, then made."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from assessment.domain import Decision
from assessment.domain.signing import Manner
from shared.tasks import HeardRecall, HeardRequest, find_asked
from shared.uow import UnitOfWork

from .callers import party_of


async def request_decision(
    uow: UnitOfWork, asked: HeardRequest, *, signed_by: Sequence[str], each_decides: bool
) -> None:
    """Home asks for a decision. Asked twice with the same play, it is there once. Who signs also acts."""
    if await find_asked(uow, Decision, asked) is None:
        decision = Decision.requested(asked, uow.now, signed_by=signed_by, each_decides=each_decides)
        uow.add(decision)
        acting = {*decision.makers, *decision.signed_by}
        parts = [(p.organisation, p.party) for p in asked.participants]
        uow.grant(asked.play, parts, acts=[part for part in parts if part[1] in acting])


async def recall_decision(uow: UnitOfWork, asked: HeardRecall) -> None:
    """Home takes the request back; what somebody has signed goes on."""
    decision = await find_asked(uow, Decision, asked)
    if decision is not None and not decision.begun:
        decision.recall(asked.time)


async def sign(
    uow: UnitOfWork,
    decision_id: UUID,
    *,
    signer: str | None,
    manner: Manner | None,
    outcome: str | None,
    at: datetime | None,
) -> Decision:
    """The caller's party signs, with its own outcome where each decides, or takes in a person's signature."""
    decision = await uow.get(Decision, decision_id)
    if told := decision.sign(party_of(uow), outcome, uow.happened(at), signer=signer, manner=manner):
        uow.emit(told)
    return decision


async def make(uow: UnitOfWork, decision_id: UUID, outcome: str | None, at: datetime | None) -> Decision:
    """The asked party makes it, when all have signed."""
    decision = await uow.get(Decision, decision_id)
    uow.emit(decision.make(party_of(uow), outcome, uow.happened(at)))
    return decision

"""Plans: written in versions, contributed to, signed, agreed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from assessment.domain import Plan
from assessment.domain.planning import Step
from assessment.domain.signing import Manner
from shared.tasks import HeardRecall, HeardRequest, find_asked
from shared.uow import UnitOfWork

from .callers import party_of


async def request_plan(
    uow: UnitOfWork,
    asked: HeardRequest,
    *,
    signed_by: Sequence[str],
    needs: Mapping[str, str],
    finds: Mapping[str, Sequence[str]],
    hours: int | None,
) -> None:
    """Home asks for a plan. Asked twice with the same play, it is there once. Who contributes or signs also acts."""
    if await find_asked(uow, Plan, asked) is None:
        plan = Plan.requested(asked, uow.now, signed_by=signed_by, needs=needs, finds=finds, hours=hours)
        uow.add(plan)
        acting = {*plan.planners, *plan.needs, *plan.signed_by}
        parts = [(p.organisation, p.party) for p in asked.participants]
        uow.grant(asked.play, parts, acts=[part for part in parts if part[1] in acting])


async def recall_plan(uow: UnitOfWork, asked: HeardRecall) -> None:
    """Home takes the request back; what somebody has signed goes on."""
    plan = await find_asked(uow, Plan, asked)
    if plan is not None and not plan.begun:
        plan.recall(asked.time)


async def contribute(uow: UnitOfWork, plan_id: UUID, at: datetime | None) -> Plan:
    """The caller's party gives its part."""
    plan = await uow.get(Plan, plan_id)
    plan.contribute(party_of(uow), uow.happened(at))
    return plan


async def revise(
    uow: UnitOfWork,
    plan_id: UUID,
    *,
    steps: Sequence[Step],
    findings: Mapping[str, str],
    outcome: str | None,
    at: datetime | None,
) -> Plan:
    """The asked party writes a version; signatures start over."""
    plan = await uow.get(Plan, plan_id)
    if told := plan.revise(party_of(uow), steps, findings, outcome, uow.happened(at)):
        uow.emit(told)
    return plan


async def sign(
    uow: UnitOfWork, plan_id: UUID, number: int, *, signer: str | None, manner: Manner | None, at: datetime | None
) -> Plan:
    """The caller's party signs, or takes in a person's signature; the last one agrees the plan."""
    plan = await uow.get(Plan, plan_id)
    if told := plan.sign(party_of(uow), number, uow.happened(at), signer=signer, manner=manner):
        uow.emit(told)
    if plan.all_signed:
        uow.emit(plan.agree())
    return plan

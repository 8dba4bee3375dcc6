"""Assessments: opened, contributed to, completed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from assessment.domain import Assessment
from shared.tasks import HeardRecall, HeardRequest, find_asked
from shared.uow import UnitOfWork

from .callers import party_of


async def request_assessment(
    uow: UnitOfWork, asked: HeardRequest, *, finds: Mapping[str, Sequence[str]], needs: Mapping[str, str]
) -> None:
    """Home asks for an assessment. Asked twice with the same play, it is there once. Who contributes also acts."""
    if await find_asked(uow, Assessment, asked) is None:
        uow.add(Assessment.requested(asked, uow.now, finds=finds, needs=needs))
        acting = [(p.organisation, p.party) for p in asked.participants if p.acts or p.party in needs]
        uow.grant(asked.play, [(p.organisation, p.party) for p in asked.participants], acts=acting)


async def recall_assessment(uow: UnitOfWork, asked: HeardRecall) -> None:
    """Home takes the request back; what has begun goes on."""
    assessment = await find_asked(uow, Assessment, asked)
    if assessment is not None and not assessment.begun:
        assessment.recall(asked.time)


async def open_assessment(uow: UnitOfWork, assessment_id: UUID, at: datetime | None) -> Assessment:
    """The asked party begins."""
    assessment = await uow.get(Assessment, assessment_id)
    uow.emit(assessment.open(party_of(uow), uow.happened(at)))
    return assessment


async def contribute(uow: UnitOfWork, assessment_id: UUID, at: datetime | None) -> Assessment:
    """The caller's party gives its part; the first thing done also opens the assessment."""
    assessment = await uow.get(Assessment, assessment_id)
    happened = uow.happened(at)
    if not assessment.begun:
        uow.emit(assessment.open(party_of(uow), happened))
    uow.emit(assessment.contribute(party_of(uow), happened))
    return assessment


async def complete(
    uow: UnitOfWork, assessment_id: UUID, outcome: str | None, findings: Mapping[str, str], at: datetime | None
) -> Assessment:
    """The asked party is done; the first thing done also opens the assessment."""
    assessment = await uow.get(Assessment, assessment_id)
    happened = uow.happened(at)
    if not assessment.begun:
        uow.emit(assessment.open(party_of(uow), happened))
    uow.emit(assessment.complete(party_of(uow), outcome, findings, happened))
    return assessment

"""What assessment can do. Each function runs inside the transaction its caller opened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from shared.tasks import HeardRecall, HeardRequest, find_asked, grant_parts
from shared.uow import UnitOfWork

from .domain import Activity, Assessment


async def request_assessment(
    uow: UnitOfWork, asked: HeardRequest, *, finds: Mapping[str, Sequence[str]], needs: Mapping[str, str]
) -> None:
    """Home asks for an assessment. Asked twice with the same play, it is there once. Who contributes also acts."""
    if await find_asked(uow, Assessment, asked) is None:
        uow.add(Assessment.requested(asked, uow.now, finds=finds, needs=needs))
        acting = [(p.organisation, p.party) for p in asked.participants if p.acts or p.party in needs]
        await uow.grant(asked.play, [(p.organisation, p.party) for p in asked.participants], acts=acting)


async def recall_assessment(uow: UnitOfWork, asked: HeardRecall) -> None:
    """Home takes the request back; what has begun goes on."""
    assessment = await find_asked(uow, Assessment, asked)
    if assessment is not None and not assessment.begun:
        assessment.recall(asked.time)


async def open_assessment(uow: UnitOfWork, assessment_id: UUID, at: datetime | None) -> Assessment:
    """The asked party begins."""
    assessment = await uow.get(Assessment, assessment_id)
    uow.emit(assessment.open(_party(uow), uow.happened(at)))
    return assessment


async def contribute(uow: UnitOfWork, assessment_id: UUID, at: datetime | None) -> Assessment:
    """The caller's party gives its part; the first thing done also opens the assessment."""
    assessment = await uow.get(Assessment, assessment_id)
    happened = uow.happened(at)
    if not assessment.begun:
        uow.emit(assessment.open(_party(uow), happened))
    uow.emit(assessment.contribute(_party(uow), happened))
    return assessment


async def complete(
    uow: UnitOfWork, assessment_id: UUID, outcome: str | None, findings: Mapping[str, str], at: datetime | None
) -> Assessment:
    """The asked party is done; the first thing done also opens the assessment."""
    assessment = await uow.get(Assessment, assessment_id)
    happened = uow.happened(at)
    if not assessment.begun:
        uow.emit(assessment.open(_party(uow), happened))
    uow.emit(assessment.complete(_party(uow), outcome, findings, happened))
    return assessment


async def request_activity(
    uow: UnitOfWork, asked: HeardRequest, *, choose_from: Sequence[str], package: str | None, lasts: str | None
) -> None:
    """Home asks for an activity. Asked twice with the same play, it is there once."""
    if await find_asked(uow, Activity, asked) is None:
        uow.add(Activity.requested(asked, uow.now, choose_from=choose_from, package=package, lasts=lasts))
        await grant_parts(uow, asked)


async def recall_activity(uow: UnitOfWork, asked: HeardRecall) -> None:
    """Home takes the request back; what has begun is ended by people."""
    activity = await find_asked(uow, Activity, asked)
    if activity is not None and not activity.begun:
        activity.recall(asked.time)


async def start(uow: UnitOfWork, activity_id: UUID, activity: str | None, at: datetime | None) -> Activity:
    """It begins, as one of those offered."""
    found = await uow.get(Activity, activity_id)
    uow.emit(found.start(activity, uow.happened(at)))
    return found


async def extend(uow: UnitOfWork, activity_id: UUID, *, until: datetime, at: datetime | None) -> Activity:
    """It goes on for longer."""
    found = await uow.get(Activity, activity_id)
    uow.emit(found.extend(until, uow.happened(at)))
    return found


async def change(uow: UnitOfWork, activity_id: UUID, activity: str, at: datetime | None) -> Activity:
    """It goes on as another of those offered."""
    found = await uow.get(Activity, activity_id)
    uow.emit(found.change(activity, uow.happened(at)))
    return found


async def end(uow: UnitOfWork, activity_id: UUID, outcome: str | None, at: datetime | None) -> Activity:
    """It is over."""
    found = await uow.get(Activity, activity_id)
    uow.emit(found.end(outcome, uow.happened(at)))
    return found


def _party(uow: UnitOfWork) -> str:
    assert uow.caller is not None
    return uow.caller.party

"""Assessments over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field
from sqlmodel import col, select

from assessment.domain import Assessment
from assessment.domain.assessments import Status
from assessment.usecases import assessments
from shared.http.examples import CASE, PLAY, shown
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Route, Transaction
from shared.http.views import View

from .words import Contribution, ContributionView, Happening, Word

router = APIRouter(prefix="/assessments", tags=["assessments"], route_class=Route)

Only = Annotated[Status | None, Query(description="Only those with this status")]
AssessmentId = Annotated[UUID, Path(alias="assessmentId", description="The play that home asked for")]


class Opening(Happening):
    """It has begun; when that was (now, if left out)."""

    model_config = shown({"at": "2026-11-03T09:00:00+01:00"})


class Completion(Happening):
    """What was found, exactly as asked; the outcome may be left out where there is only one, `at` if it is now."""

    model_config = shown({"findings": {"work_capacity": "clear"}, "at": "2026-11-03T11:00:00+01:00"})

    outcome: Word | None = None
    findings: dict[Word, Word] = Field(default_factory=dict[str, str])


class AssessmentView(View):
    """An assessment, without anybody in it."""

    model_config = shown(
        {
            "id": PLAY,
            "caseId": CASE,
            "task": "mapping",
            "round": 1,
            "kind": "assessment",
            "status": "completed",
            "outcomes": ["completed"],
            "finds": {"work_capacity": ["clear", "unclear"]},
            "contributions": [{"party": "employment_service", "need": "optional", "given": True}],
            "outcome": "completed",
            "findings": {"work_capacity": "clear"},
            "version": 3,
        }
    )

    id: UUID
    case_id: UUID
    task: str
    round: int
    kind: str
    status: str
    outcomes: list[str]
    finds: dict[str, list[str]]
    contributions: list[ContributionView]
    outcome: str | None
    findings: dict[str, str]
    version: int

    @classmethod
    def of(cls, row: object) -> Self:
        assert isinstance(row, Assessment)
        given = ContributionView.all(row.needs, row.contributed)
        return cls.model_validate({**row.model_dump(), "contributions": given})


@router.get("", summary="Assessments you have a part in")
@party
async def list_assessments(uow: Transaction, paging: Paged, status: Only = None) -> Page[AssessmentView]:
    """Kartläggningar som din part deltar i."""
    query = uow.visible(select(Assessment), col(Assessment.id))
    if status is not None:
        query = query.where(col(Assessment.status) == status)
    return await AssessmentView.page(uow, query, col(Assessment.listed), paging)


@router.get("/{assessmentId}", summary="One assessment")
@party
async def read_assessment(uow: Transaction, assessment_id: AssessmentId) -> AssessmentView:
    """En kartläggning. With its version as ETag."""
    return AssessmentView.of(await uow.get(Assessment, assessment_id))


@router.post("/{assessmentId}/openings", status_code=201, summary="Begin")
@party
async def open_assessment(uow: Transaction, assessment_id: AssessmentId, body: Opening) -> AssessmentView:
    """Påbörja kartläggningen. What is done first opens it too; from here home no longer takes it back."""
    return AssessmentView.of(await assessments.open_assessment(uow, assessment_id, body.at))


@router.post("/{assessmentId}/contributions", status_code=201, summary="Your party has given its part")
@party
async def contribute(uow: Transaction, assessment_id: AssessmentId, body: Contribution) -> AssessmentView:
    """Din part har lämnat sitt bidrag. Once a party, for the parties that home named."""
    return AssessmentView.of(await assessments.contribute(uow, assessment_id, body.at))


@router.post("/{assessmentId}/completions", status_code=201, summary="It is done")
@party
async def complete_assessment(uow: Transaction, assessment_id: AssessmentId, body: Completion) -> AssessmentView:
    """Kartläggningen är klar. For the party that was asked, when all that is required is in."""
    return AssessmentView.of(await assessments.complete(uow, assessment_id, body.outcome, body.findings, body.at))

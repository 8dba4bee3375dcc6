"""Plans over HTTP."""

from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field
from sqlmodel import col, select

from assessment.domain import Plan
from assessment.domain.planning import Revision, Step
from assessment.domain.plans import Status
from assessment.domain.signing import unsigned
from assessment.usecases import plans
from shared.http.examples import CASE, PLAY, shown
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Route, Transaction
from shared.http.views import View

from .words import Contribution, ContributionView, Happening, Signing, Word

router = APIRouter(prefix="/plans", tags=["plans"], route_class=Route)

Only = Annotated[Status | None, Query(description="Only those with this status")]
PlanId = Annotated[UUID, Path(alias="planId", description="The play that home asked for")]


REVISION: dict[str, Any] = {
    "number": 1,
    "by": "social_services",
    "at": "2026-11-05T12:00:00Z",
    "steps": [{"activity": "work_practice", "party": "participant", "starts": "2026-11-09", "weeklyHours": 20}],
    "findings": {},
    "outcome": "agreed",
    "signatures": [
        {"signer": "participant", "by": "social_services", "manner": "in_person", "at": "2026-11-05T12:10:00Z"}
    ],
}


class Version(Happening):
    """What the plan says now: its steps in codes, what was found exactly as asked, the outcome where there are more."""

    model_config = shown(
        {
            "steps": [
                {"activity": "work_practice", "party": "participant", "starts": "2026-11-09", "weeklyHours": 20},
                {
                    "activity": "swedish_for_immigrants",
                    "party": "participant",
                    "starts": "2026-11-09",
                    "ends": "2027-06-11",
                    "weeklyHours": 15,
                    "counts": "half",
                },
            ],
            "findings": {},
        }
    )

    steps: Annotated[list[Step], Field(min_length=1, max_length=50)]
    findings: dict[Word, Word] = Field(default_factory=dict[str, str])
    outcome: Word | None = None


class VersionSigning(Signing):
    """Signs one version. Your party, if no signer is named; of a person (participant, guardian) say how."""

    model_config = shown({"revision": 1, "signer": "participant", "manner": "in_person"})

    revision: Annotated[int, Field(ge=1)]


class PlanView(View):
    """A plan, without anybody in it. `revision` is the version that counts; `unsigned`: who has yet to sign it."""

    model_config = shown(
        {
            "id": PLAY,
            "caseId": CASE,
            "task": "joint-plan",
            "round": 1,
            "kind": "plan",
            "status": "signing",
            "outcomes": ["agreed"],
            "finds": {},
            "hours": 20,
            "contributions": [],
            "signedBy": ["social_services", "participant"],
            "unsigned": ["social_services"],
            "revision": REVISION,
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
    hours: int | None
    contributions: list[ContributionView]
    signed_by: list[str]
    unsigned: list[str]
    revision: Revision | None
    version: int

    @classmethod
    def of(cls, row: object) -> Self:
        assert isinstance(row, Plan)
        revision = row.revision
        contributions = ContributionView.all(row.needs, row.contributed)
        waits = unsigned(row.signed_by, revision.signatures if revision else ())
        rest = {"contributions": contributions, "unsigned": waits, "revision": revision}
        return cls.model_validate({**row.model_dump(), **rest})


class Versions(View):
    """Every version of a plan, oldest first."""

    model_config = shown({"items": [REVISION]})

    items: list[Revision]


@router.get("", summary="Plans you have a part in")
@party
async def list_plans(uow: Transaction, paging: Paged, status: Only = None) -> Page[PlanView]:
    """Planer som din part deltar i."""
    query = uow.visible(select(Plan), col(Plan.id))
    if status is not None:
        query = query.where(col(Plan.status) == status)
    return await PlanView.page(uow, query, col(Plan.listed), paging)


@router.get("/{planId}", summary="One plan")
@party
async def read_plan(uow: Transaction, plan_id: PlanId) -> PlanView:
    """En plan, med den version som gäller. With its version as ETag."""
    return PlanView.of(await uow.get(Plan, plan_id))


@router.get("/{planId}/revisions", summary="All that the plan has said")
@party
async def read_versions(uow: Transaction, plan_id: PlanId) -> Versions:
    """Planens alla versioner med sina underskrifter. With the signatures that each had."""
    plan = await uow.get(Plan, plan_id)
    return Versions(items=[Revision.model_validate(each) for each in plan.revisions])


@router.post("/{planId}/contributions", status_code=201, summary="Your party has given its part")
@party
async def contribute(uow: Transaction, plan_id: PlanId, body: Contribution) -> PlanView:
    """Din part har lämnat sitt bidrag. Once a party, for the parties that home named."""
    return PlanView.of(await plans.contribute(uow, plan_id, body.at))


@router.post("/{planId}/revisions", status_code=201, summary="Write a version")
@party
async def revise_plan(uow: Transaction, plan_id: PlanId, body: Version) -> PlanView:
    """Skriv en ny version; underskrifterna börjar om. For the party that was asked, before or after it was agreed."""
    return PlanView.of(
        await plans.revise(uow, plan_id, steps=body.steps, findings=body.findings, outcome=body.outcome, at=body.at)
    )


@router.post("/{planId}/signatures", status_code=201, summary="Sign a version")
@party
async def sign_plan(uow: Transaction, plan_id: PlanId, body: VersionSigning) -> PlanView:
    """Underskrift av din part, eller av den enskilde. When all have signed the same version, the plan is agreed."""
    return PlanView.of(
        await plans.sign(uow, plan_id, body.revision, signer=body.signer, manner=body.manner, at=body.at)
    )

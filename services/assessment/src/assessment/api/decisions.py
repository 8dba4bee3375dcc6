"""Decisions over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlmodel import col, select

from assessment.domain import Decision
from assessment.domain.decisions import Status
from assessment.domain.signing import Signature, unsigned
from assessment.usecases import decisions
from shared.http.examples import CASE, PLAY, shown
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Route, Transaction
from shared.http.views import View

from .words import Happening, Signing, Word

router = APIRouter(prefix="/decisions", tags=["decisions"], route_class=Route)

Only = Annotated[Status | None, Query(description="Only those with this status")]
DecisionId = Annotated[UUID, Path(alias="decisionId", description="The play that home asked for")]


class Position(Signing):
    """Your party signs, with its own outcome where each decides (may be left out where there is only one)."""

    model_config = shown({"outcome": "in_favour"})

    outcome: Word | None = None


class Making(Happening):
    """The common outcome; may be left out where there is only one."""

    model_config = shown({"outcome": "in_favour"})

    outcome: Word | None = None


class DecisionView(View):
    """A decision, without anybody in it."""

    model_config = shown(
        {
            "id": PLAY,
            "caseId": CASE,
            "task": "joint-decision",
            "round": 1,
            "kind": "decision",
            "status": "requested",
            "outcomes": ["in_favour", "against"],
            "eachDecides": True,
            "signedBy": ["social_services", "employment_service"],
            "unsigned": ["employment_service"],
            "signatures": [
                {
                    "signer": "social_services",
                    "by": "social_services",
                    "ownOutcome": "in_favour",
                    "at": "2026-11-05T12:00:00Z",
                }
            ],
            "outcome": None,
            "version": 2,
        }
    )

    id: UUID
    case_id: UUID
    task: str
    round: int
    kind: str
    status: str
    outcomes: list[str]
    each_decides: bool
    signed_by: list[str]
    unsigned: list[str]
    signatures: list[Signature]
    outcome: str | None
    version: int

    @classmethod
    def of(cls, row: object) -> Self:
        assert isinstance(row, Decision)
        return cls.model_validate({**row.model_dump(), "unsigned": unsigned(row.signed_by, row.given)})


@router.get("", summary="Decisions you have a part in")
@party
async def list_decisions(uow: Transaction, paging: Paged, status: Only = None) -> Page[DecisionView]:
    """Ställningstaganden som din part deltar i."""
    query = uow.visible(select(Decision), col(Decision.id))
    if status is not None:
        query = query.where(col(Decision.status) == status)
    return await DecisionView.page(uow, query, col(Decision.listed), paging)


@router.get("/{decisionId}", summary="One decision")
@party
async def read_decision(uow: Transaction, decision_id: DecisionId) -> DecisionView:
    """Ett ställningstagande. With its version as ETag."""
    return DecisionView.of(await uow.get(Decision, decision_id))


@router.post("/{decisionId}/signatures", status_code=201, summary="Sign it")
@party
async def sign_decision(uow: Transaction, decision_id: DecisionId, body: Position) -> DecisionView:
    """Underskrift av din part, med eget utfall där var och en beslutar efter sina regler. Once each."""
    return DecisionView.of(
        await decisions.sign(uow, decision_id, signer=body.signer, manner=body.manner, outcome=body.outcome, at=body.at)
    )


@router.post("/{decisionId}/makings", status_code=201, summary="It is made")
@party
async def make_decision(uow: Transaction, decision_id: DecisionId, body: Making) -> DecisionView:
    """Ställningstagandet är gjort. For the party that was asked, when all have signed."""
    return DecisionView.of(await decisions.make(uow, decision_id, body.outcome, body.at))

"""Deviations over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from sqlmodel import col, select

from assessment.domain import Deviation
from assessment.events import Reason
from assessment.usecases import deviations
from shared.http.examples import CASE, shown
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Route, Transaction
from shared.http.views import View

from .words import Happening

router = APIRouter(prefix="/deviations", tags=["deviations"], route_class=Route)

DeviationId = Annotated[UUID, Path(alias="deviationId", description="The report")]


class Report(Happening):
    """What differs from the plan, in which case; when that was (now, if left out)."""

    model_config = shown({"caseId": CASE, "reason": "not_started", "at": "2026-11-12T10:00:00+01:00"})

    case_id: UUID
    reason: Reason


class DeviationView(View):
    """A report, without anybody in it."""

    model_config = shown(
        {
            "id": "0190a0b2-7d21-7f54-b2e6-91c4d0a83f57",
            "caseId": CASE,
            "reason": "not_started",
            "party": "labour_market_unit",
            "at": "2026-11-12T09:00:00Z",
            "version": 1,
        }
    )

    id: UUID
    case_id: UUID
    reason: str
    party: str
    at: datetime
    version: int


@router.get("", summary="Deviations you have reported")
@party
async def list_deviations(uow: Transaction, paging: Paged) -> Page[DeviationView]:
    """Avvikelser som din part har rapporterat."""
    return await DeviationView.page(uow, uow.visible(select(Deviation), col(Deviation.id)), col(Deviation.id), paging)


@router.get("/{deviationId}", summary="One deviation")
@party
async def read_deviation(uow: Transaction, deviation_id: DeviationId) -> DeviationView:
    """En avvikelse. For the party that reported it."""
    return DeviationView.of(await uow.get(Deviation, deviation_id))


@router.post("", status_code=201, summary="Report a deviation")
@party
async def report_deviation(uow: Transaction, body: Report) -> DeviationView:
    """Rapportera en avvikelse. For whoever has a part in something of the case here; home asks what follows."""
    return DeviationView.of(await deviations.report(uow, body.case_id, body.reason, body.at))

"""Activities over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime
from sqlmodel import col, select

from assessment.domain import Activity
from assessment.domain.activities import Status
from assessment.usecases import activities
from shared.http.examples import CASE, PLAY, shown
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Route, Transaction
from shared.http.views import View

from .words import Happening, Word

router = APIRouter(prefix="/activities", tags=["activities"], route_class=Route)

Only = Annotated[Status | None, Query(description="Only those with this status")]
ActivityId = Annotated[UUID, Path(alias="activityId", description="The play that home asked for")]


class Start(Happening):
    """It has begun: as which of those offered (may be left out where there is only one), and when (now)."""

    model_config = shown({"activity": "work_practice", "at": "2026-11-09T08:00:00+01:00"})

    activity: Word | None = None


class Extension(Happening):
    """It goes on until then."""

    model_config = shown({"until": "2027-02-28T17:00:00+01:00"})

    until: AwareDatetime


class Change(Happening):
    """It goes on as another of those offered."""

    model_config = shown({"activity": "course"})

    activity: Word


class Ending(Happening):
    """It is over: with which outcome (may be left out where there is only one), and when (now)."""

    model_config = shown({"outcome": "employment", "at": "2027-02-26T16:00:00+01:00"})

    outcome: Word | None = None


class ActivityView(View):
    """An activity, without anybody in it."""

    model_config = shown(
        {
            "id": PLAY,
            "caseId": CASE,
            "task": "first-activity",
            "round": 1,
            "kind": "activity",
            "status": "started",
            "outcomes": ["employment", "studies", "ended"],
            "chooseFrom": ["work_practice", "course"],
            "package": None,
            "lasts": "3 months",
            "activity": "work_practice",
            "startedAt": "2026-11-09T07:00:00Z",
            "plannedEnd": "2027-02-09T07:00:00Z",
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
    choose_from: list[str]
    package: str | None
    lasts: str | None
    activity: str | None
    started_at: datetime | None
    planned_end: datetime | None
    outcome: str | None
    version: int


@router.get("", summary="Activities you have a part in")
@party
async def list_activities(uow: Transaction, paging: Paged, status: Only = None) -> Page[ActivityView]:
    """Insatser som din part deltar i."""
    query = uow.visible(select(Activity), col(Activity.id))
    if status is not None:
        query = query.where(col(Activity.status) == status)
    return await ActivityView.page(uow, query, col(Activity.listed), paging)


@router.get("/{activityId}", summary="One activity")
@party
async def read_activity(uow: Transaction, activity_id: ActivityId) -> ActivityView:
    """En insats. With its version as ETag."""
    return ActivityView.of(await uow.get(Activity, activity_id))


@router.post("/{activityId}/starts", status_code=201, summary="It has begun")
@party
async def start_activity(uow: Transaction, activity_id: ActivityId, body: Start) -> ActivityView:
    """Insatsen har börjat. From here people end it, whatever becomes of the case."""
    return ActivityView.of(await activities.start(uow, activity_id, body.activity, body.at))


@router.post("/{activityId}/extensions", status_code=201, summary="It goes on for longer")
@party
async def extend_activity(uow: Transaction, activity_id: ActivityId, body: Extension) -> ActivityView:
    """Insatsen förlängs. To a later end than was planned."""
    return ActivityView.of(await activities.extend(uow, activity_id, until=body.until, at=body.at))


@router.post("/{activityId}/changes", status_code=201, summary="It goes on as another")
@party
async def change_activity(uow: Transaction, activity_id: ActivityId, body: Change) -> ActivityView:
    """Insatsen ändras. To another of those that were offered."""
    return ActivityView.of(await activities.change(uow, activity_id, body.activity, body.at))


@router.post("/{activityId}/endings", status_code=201, summary="It is over")
@party
async def end_activity(uow: Transaction, activity_id: ActivityId, body: Ending) -> ActivityView:
    """Insatsen avslutas. With one of its outcomes."""
    return ActivityView.of(await activities.end(uow, activity_id, body.outcome, body.at))

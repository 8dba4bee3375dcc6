"""Meetings over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime
from sqlmodel import col, select

from booking import calendar_files
from booking.domain import Meeting
from booking.domain.meetings import Interpreter, Status
from booking.events import Reason
from booking.usecases import meetings
from shared.http.examples import CASE, PLAY, shown
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Route, Transaction
from shared.http.views import Body, View

router = APIRouter(prefix="/meetings", tags=["meetings"], route_class=Route)

Only = Annotated[Status | None, Query(description="Only those with this status")]
MeetingId = Annotated[UUID, Path(alias="meetingId", description="The play that home asked for")]


class Booking(Body):
    """A time for the meeting."""

    model_config = shown({"starts": "2026-11-03T09:00:00+01:00", "ends": "2026-11-03T10:00:00+01:00"})

    starts: AwareDatetime
    ends: AwareDatetime


class Holding(Body):
    """It took place: with which outcome (may be left out where there is only one), and when (now, if left out)."""

    model_config = shown({"outcome": "held", "at": "2026-11-03T10:00:00+01:00"})

    outcome: str | None = None
    at: AwareDatetime | None = None


class Absence(Body):
    """Somebody did not come; when that was (now, if left out)."""

    model_config = shown({"at": "2026-11-03T09:20:00+01:00"})

    at: AwareDatetime | None = None


Said = Literal[Reason.ILLNESS, Reason.NO_TIME, Reason.NO_INTERPRETER, Reason.PERSON_ASKED, Reason.PARTY_ASKED]
"""What a party may give as a reason; `recalled` is home's word."""


class Ending(Body):
    """Why it is called off or not taken on."""

    model_config = shown({"reason": "illness"})

    reason: Said


class MeetingView(View):
    """A meeting, without anybody in it."""

    model_config = shown(
        {
            "id": PLAY,
            "caseId": CASE,
            "task": "assessment-meeting",
            "round": 1,
            "kind": "meeting",
            "status": "booked",
            "outcomes": ["held", "returned"],
            "starts": "2026-11-03T08:00:00Z",
            "ends": "2026-11-03T09:00:00Z",
            "interpreter": "confirmed",
            "version": 4,
        }
    )

    id: UUID
    case_id: UUID
    task: str
    round: int
    kind: str
    status: str
    outcomes: list[str]
    starts: datetime | None
    ends: datetime | None
    interpreter: Interpreter
    version: int


@router.get("", summary="Meetings you have a part in")
@party
async def list_meetings(uow: Transaction, paging: Paged, status: Only = None) -> Page[MeetingView]:
    """Möten som din part deltar i. Newest first."""
    query = uow.visible(select(Meeting), col(Meeting.id))
    if status is not None:
        query = query.where(col(Meeting.status) == status)
    return await MeetingView.page(uow, query, col(Meeting.listed), paging)


@router.get("/{meetingId}", summary="One meeting")
@party
async def read_meeting(uow: Transaction, meeting_id: MeetingId) -> MeetingView:
    """Ett möte. With its version as ETag."""
    return MeetingView.of(await uow.get(Meeting, meeting_id))


@router.get("/{meetingId}/calendar-file", summary="The meeting as .ics", response_class=Response)
@party
async def read_calendar_file(uow: Transaction, meeting_id: MeetingId) -> Response:
    """Mötet som kalenderfil, utan personuppgifter. RFC 5545, without anybody's data."""
    return Response(calendar_files.ics(await uow.get(Meeting, meeting_id), uow.now), media_type="text/calendar")


@router.post("/{meetingId}/bookings", status_code=201, summary="Set or move the time")
@party
async def book_meeting(uow: Transaction, meeting_id: MeetingId, body: Booking) -> MeetingView:
    """Boka en tid, eller flytta den. For the party that makes the moves."""
    return MeetingView.of(await meetings.book(uow, meeting_id, starts=body.starts, ends=body.ends))


@router.post("/{meetingId}/holdings", status_code=201, summary="It took place")
@party
async def hold_meeting(uow: Transaction, meeting_id: MeetingId, body: Holding) -> MeetingView:
    """Mötet har hållits. With one of its outcomes."""
    return MeetingView.of(await meetings.hold(uow, meeting_id, body.outcome, body.at))


@router.post("/{meetingId}/absences", status_code=201, summary="Somebody did not come")
@party
async def miss_meeting(uow: Transaction, meeting_id: MeetingId, body: Absence) -> MeetingView:
    """Någon uteblev. Home decides whether it is asked for again."""
    return MeetingView.of(await meetings.miss(uow, meeting_id, body.at))


@router.post("/{meetingId}/cancellations", status_code=201, summary="Call it off")
@party
async def cancel_meeting(uow: Transaction, meeting_id: MeetingId, body: Ending) -> MeetingView:
    """Ställ in mötet. Before it begins."""
    return MeetingView.of(await meetings.cancel(uow, meeting_id, body.reason))


@router.post("/{meetingId}/refusals", status_code=201, summary="Do not take it on")
@party
async def decline_meeting(uow: Transaction, meeting_id: MeetingId, body: Ending) -> MeetingView:
    """Avböj mötet. Before a time is set."""
    return MeetingView.of(await meetings.decline(uow, meeting_id, body.reason))

"""HTTP in: what reporting shows. Nothing can be changed here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from sqlmodel import col, select

from shared.http.examples import CASE, PLAY, shown
from shared.http.paging import Page, Paged
from shared.http.policies import operator, party
from shared.http.route import Transaction, routes
from shared.http.views import View

from . import usecases
from .domain import CaseSummary, Deadline, Entry, State

router = routes("reporting")

Only = Annotated[State | None, Query(description="Only those of this state")]
CaseId = Annotated[UUID, Path(alias="caseId", description="The case")]


class CaseView(View):
    """A case, without anybody in it."""

    model_config = shown(
        {
            "id": CASE,
            "home": "norrby",
            "pathway": "norrby/first-steps",
            "pathwayVersion": 1,
            "openedAt": "2026-11-02T08:00:00Z",
            "closedAt": "2026-11-06T09:00:00Z",
            "ending": "activity_started",
        }
    )

    id: UUID
    home: str
    pathway: str | None
    pathway_version: int | None
    opened_at: datetime | None
    closed_at: datetime | None
    ending: str | None


class EntryView(View):
    """Something that happened: when, who told it, and when it was learnt here."""

    model_config = shown(
        {
            "id": "0190a0b2-8b05-7a6c-9e33-c7d1f2045be8",
            "type": "meeting.booked.v1",
            "source": "/norrby/booking",
            "time": "2026-11-02T08:30:00Z",
            "recorded": "2026-11-02T08:30:01Z",
            "moment": "booked",
            "task": "assessment-meeting",
            "round": 1,
            "play": PLAY,
            "outcome": None,
            "reason": None,
            "reach": None,
        }
    )

    id: UUID
    type: str
    source: str
    time: datetime
    recorded: datetime
    moment: str
    task: str | None
    round: int | None
    play: UUID | None
    outcome: str | None
    reason: str | None
    reach: str | None


class DeadlineView(View):
    """A deadline. `at`: when it was met, or passed."""

    model_config = shown(
        {
            "caseId": CASE,
            "task": "assessment-meeting",
            "round": 1,
            "play": PLAY,
            "reach": "ended",
            "owner": "social_services",
            "due": "2026-11-03T08:30:00Z",
            "state": "held",
            "at": "2026-11-03T08:00:00Z",
            "learntLate": False,
        }
    )

    case_id: UUID
    task: str
    round: int
    play: UUID
    reach: str
    owner: str | None
    due: datetime
    state: State
    at: datetime
    learnt_late: bool


class Timeline(View):
    """What happened in a case, in order; of a very long case, the newest 2,000 events."""

    case_id: UUID
    items: list[EntryView]


class Deadlines(View):
    """The deadlines of a case, by when they were due."""

    case_id: UUID
    items: list[DeadlineView]


@router.get("/cases", tags=["cases"], summary="Cases you have a part in")
@party
async def list_cases(uow: Transaction, paging: Paged) -> Page[CaseView]:
    """Ärenden som din part har del i. Newest first."""
    query = uow.visible(select(CaseSummary), col(CaseSummary.id))
    return await CaseView.page(uow, query, col(CaseSummary.id), paging)


@router.get("/cases/{caseId}/timeline", tags=["cases"], summary="What happened in a case")
@party
async def read_timeline(uow: Transaction, case_id: CaseId) -> Timeline:
    """Vad som hänt i ärendet. In the order in which it happened, whenever it was learnt."""
    return _timeline(case_id, await usecases.timeline(uow, case_id))


@router.get("/cases/{caseId}/deadlines", tags=["cases"], summary="The deadlines of a case")
@party
async def read_deadlines(uow: Transaction, case_id: CaseId) -> Deadlines:
    """Ärendets frister. Which held and which were missed."""
    return _deadlines(case_id, await usecases.deadlines(uow, case_id))


@router.get("/deadlines", tags=["deadlines"], summary="Deadlines of your cases")
@party
async def list_deadlines(uow: Transaction, paging: Paged, state: Only = None) -> Page[DeadlineView]:
    """Frister i ärenden som din part har del i. Newest known first."""
    query = usecases.audible(uow, uow.visible(select(Deadline), col(Deadline.case_id)), col(Deadline.audience))
    if state is not None:
        query = query.where(col(Deadline.state) == state)
    return await DeadlineView.page(uow, query, col(Deadline.listed), paging)


@router.get("/operations/cases/{caseId}/timeline", tags=["operators"], summary="What happened in a case")
@operator
async def read_operators_timeline(uow: Transaction, case_id: CaseId) -> Timeline:
    """Vad som hänt i ärendet, för den som driver tjänsten. Ids, times and closed words, as everywhere."""
    return _timeline(case_id, await usecases.operators_timeline(uow, case_id))


@router.get("/operations/cases/{caseId}/deadlines", tags=["operators"], summary="The deadlines of a case")
@operator
async def read_operators_deadlines(uow: Transaction, case_id: CaseId) -> Deadlines:
    """Ärendets frister, för den som driver tjänsten. Which held and which were missed."""
    return _deadlines(case_id, await usecases.operators_deadlines(uow, case_id))


def _timeline(case_id: UUID, rows: Sequence[Entry]) -> Timeline:
    return Timeline(case_id=case_id, items=[EntryView.of(row) for row in rows])


def _deadlines(case_id: UUID, rows: Sequence[Deadline]) -> Deadlines:
    return Deadlines(case_id=case_id, items=[DeadlineView.of(row) for row in rows])

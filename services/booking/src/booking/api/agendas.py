"""The agendas of standing groups over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, Field
from sqlmodel import col, select

from booking.domain import AgendaItem
from booking.domain.agendas import Group, Status
from booking.usecases import agendas
from shared.http.examples import CASE, PLAY, shown
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Route, Transaction
from shared.http.views import Body, View

router = APIRouter(tags=["agendas"], route_class=Route)

Of = Annotated[Group | None, Query(description="Only those of this standing group")]
Sitting = Annotated[date | None, Query(description="Only those on the agenda of that day")]
Only = Annotated[Status | None, Query(description="Only those with this status")]
ItemId = Annotated[UUID, Path(alias="itemId", description="The play that home asked for")]
Word = Annotated[str, Field(max_length=100)]


class Listing(Body):
    """The day of the sitting, in Sweden."""

    model_config = shown({"sitting": "2026-11-10"})

    sitting: date


class CarryingOver(Body):
    """The day of the next sitting that takes it up, in Sweden."""

    model_config = shown({"sitting": "2026-11-17"})

    sitting: date


class GroupDecision(Body):
    """What the group decided (may be left out where there is only one outcome), and when (now, if left out)."""

    model_config = shown({"outcome": "goes_on", "at": "2026-11-10T14:30:00+01:00"})

    outcome: Word | None = None
    at: AwareDatetime | None = None


class AgendaItemView(View):
    """An item of an agenda, without anybody in it."""

    model_config = shown(
        {
            "id": PLAY,
            "caseId": CASE,
            "task": "weekly-follow-up",
            "round": 1,
            "kind": "agenda",
            "group": "norrby/adults-weekly",
            "every": "7 days",
            "status": "listed",
            "sitting": "2026-11-10",
            "outcomes": ["goes_on", "closed"],
            "outcome": None,
            "version": 2,
        }
    )

    id: UUID
    case_id: UUID
    task: str
    round: int
    kind: str
    group: str
    every: str | None
    status: Status
    sitting: date | None
    outcomes: list[str]
    outcome: str | None
    version: int


@router.get("/agendas", summary="What stands on the agendas that you have a part in")
@party
async def list_agendas(
    uow: Transaction, paging: Paged, group: Of = None, sitting: Sitting = None, status: Only = None
) -> Page[AgendaItemView]:
    """Dagordningar för stående grupper som din part sitter i."""
    query = uow.visible(select(AgendaItem), col(AgendaItem.id))
    for column, value in ((AgendaItem.group, group), (AgendaItem.sitting, sitting), (AgendaItem.status, status)):
        query = query if value is None else query.where(col(column) == value)
    return await AgendaItemView.page(uow, query, col(AgendaItem.listed), paging)


@router.get("/agenda-items/{itemId}", summary="One item of an agenda")
@party
async def read_agenda_item(uow: Transaction, item_id: ItemId) -> AgendaItemView:
    """En punkt på dagordningen. With its version as ETag."""
    return AgendaItemView.of(await uow.get(AgendaItem, item_id))


@router.post("/agenda-items/{itemId}/listings", status_code=201, summary="Put it on the agenda of a sitting")
@party
async def list_agenda_item(uow: Transaction, item_id: ItemId, body: Listing) -> AgendaItemView:
    """Sätt upp ärendet på dagordningen. For a sitting to come."""
    return AgendaItemView.of(await agendas.list_item(uow, item_id, body.sitting))


@router.post("/agenda-items/{itemId}/decisions", status_code=201, summary="The group has decided")
@party
async def decide_agenda_item(uow: Transaction, item_id: ItemId, body: GroupDecision) -> AgendaItemView:
    """Gruppen har beslutat. On the day of the sitting, or after."""
    return AgendaItemView.of(await agendas.decide(uow, item_id, body.outcome, body.at))


@router.post("/agenda-items/{itemId}/carryings-over", status_code=201, summary="Take it up at a later sitting")
@party
async def carry_over_agenda_item(uow: Transaction, item_id: ItemId, body: CarryingOver) -> AgendaItemView:
    """Bordlägg ärendet till ett senare sammanträde."""
    return AgendaItemView.of(await agendas.carry_over(uow, item_id, body.sitting))

"""Roles that a party fills."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, Field
from sqlmodel import col, select

from referral.domain.roles import RoleHolding
from referral.usecases import roles
from shared.http.examples import CASE, PLAY, shown
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Route, Transaction
from shared.http.views import Body, View

router = APIRouter(route_class=Route, tags=["roles"])

RoleId = Annotated[UUID, Path(alias="roleId", description="The play that home asked for")]
_ID = r"^([A-Z]{0,4}-?[0-9]{1,7}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$"
StaffId = Annotated[
    str,
    Field(pattern=_ID, examples=["JC-117"], description="The party's own number; no name, nobody's personnummer"),
]


class Assignment(Body):
    """Who holds the role, by the party's own number, and since when (now, if left out)."""

    model_config = shown({"holder": "JC-117"})

    holder: StaffId
    at: AwareDatetime | None = None


class RoleView(View):
    """A role of a case, and who holds it."""

    model_config = shown(
        {
            "id": PLAY,
            "caseId": CASE,
            "task": "coach",
            "round": 1,
            "party": "labour_market_unit",
            "status": "assigned",
            "holder": "JC-117",
            "openedAt": "2026-11-03T08:00:00Z",
            "version": 2,
        }
    )

    id: UUID
    case_id: UUID
    task: str
    round: int
    party: str
    status: str
    holder: str | None
    opened_at: datetime
    version: int


@router.get("/roles", summary="Roles you have a part in")
@party
async def list_roles(uow: Transaction, paging: Paged) -> Page[RoleView]:
    """Roller i ärenden som din part deltar i. Newest first."""
    return await RoleView.page(
        uow, uow.visible(select(RoleHolding), col(RoleHolding.id)), col(RoleHolding.listed), paging
    )


@router.get("/roles/{roleId}", summary="One role")
@party
async def read_role(uow: Transaction, role_id: RoleId) -> RoleView:
    """En roll och vem som har den. With its version as ETag."""
    return RoleView.of(await uow.get(RoleHolding, role_id))


@router.post("/roles/{roleId}/assignments", status_code=201, summary="Say who holds it")
@party
async def assign_role(uow: Transaction, role_id: RoleId, body: Assignment) -> RoleView:
    """Tilldela rollen, eller låt någon ta över den. For the party that is asked."""
    return RoleView.of(await roles.assign(uow, role_id, body.holder, body.at))

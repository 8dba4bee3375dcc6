"""Interpreters over HTTP: ordered by the party that home names, answered by the providers that are asked."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlmodel import col, select

from booking.domain import Order
from booking.domain.interpreters import Refusal, Status
from booking.domain.requirements import InterpreterId, Requirements
from booking.usecases import interpreters
from shared.http.examples import ORDER, shown
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Route, Transaction
from shared.http.views import Body, View

from .meetings import MeetingId, MeetingView

of_meetings = APIRouter(prefix="/meetings/{meetingId}", tags=["interpreters"], route_class=Route)
of_providers = APIRouter(prefix="/interpreter-orders", tags=["interpreters"], route_class=Route)

Only = Annotated[Status | None, Query(description="Only those with this status")]
OrderId = Annotated[UUID, Path(alias="orderId", description="The order, as the provider knows it")]


class Confirmation(Body):
    """Whom the provider sends, by its own number."""

    model_config = shown({"interpreter": "T-10234"})

    interpreter: InterpreterId


class ProviderRefusal(Body):
    """Why the provider sends nobody."""

    model_config = shown({"reason": "nobody_free"})

    reason: Refusal


ONE: dict[str, Any] = {
    "id": ORDER,
    "status": "confirmed",
    "starts": "2026-11-03T08:00:00Z",
    "ends": "2026-11-03T09:00:00Z",
    "requirements": {"language": "som", "mode": "on_site", "level": "AT"},
    "answerBy": "2026-11-02T14:00:00Z",
    "interpreter": "T-10234",
    "reason": None,
    "version": 2,
}


class OrderView(View):
    """An order, without anything of the meeting, the case or anybody in it."""

    model_config = shown(ONE)

    id: UUID
    status: Status
    starts: datetime
    ends: datetime
    requirements: Requirements
    answer_by: datetime
    interpreter: str | None
    reason: Refusal | None
    version: int


class AskedView(OrderView):
    """An order as the party reads it that ordered: also of which provider."""

    model_config = shown(ONE | {"organisation": "sprakbron", "party": "interpreter_agency"})

    organisation: str
    party: str


@of_meetings.post("/interpreter-orders", status_code=201, summary="Order an interpreter")
@party
async def order_interpreter(uow: Transaction, meeting_id: MeetingId, body: Requirements) -> AskedView:
    """Beställ tolk till den bokade tiden. The providers are asked one after another, until one confirms."""
    made = uow.shown = await interpreters.order(uow, meeting_id, body)
    return AskedView.of(made)


@of_meetings.get("/interpreter-orders", summary="The orders for a meeting")
@party
async def list_orders_of_meeting(uow: Transaction, meeting_id: MeetingId, paging: Paged) -> Page[AskedView]:
    """Beställningarna till ett möte. For the party that orders. Newest first."""
    return await AskedView.page(uow, await interpreters.orders_of(uow, meeting_id), col(Order.id), paging)


@of_meetings.post("/interpreter-releases", status_code=201, summary="No interpreter is needed")
@party
async def release_interpreter(uow: Transaction, meeting_id: MeetingId) -> MeetingView:
    """Avboka tolken; mötet står kvar. For the party that orders."""
    return MeetingView.of(await interpreters.give_up(uow, meeting_id))


@of_providers.get("", summary="Orders for interpreters that you are asked for")
@party
async def list_orders(uow: Transaction, paging: Paged, status: Only = None) -> Page[OrderView]:
    """Tolkbeställningar som din tolkförmedling har fått. Newest first."""
    query = uow.visible(select(Order), col(Order.id))
    if status is not None:
        query = query.where(col(Order.status) == status)
    return await OrderView.page(uow, query, col(Order.id), paging)


@of_providers.get("/{orderId}", summary="One order")
@party
async def read_order(uow: Transaction, order_id: OrderId) -> OrderView:
    """En tolkbeställning. With its version as ETag."""
    return OrderView.of(await uow.get(Order, order_id))


@of_providers.post("/{orderId}/confirmations", status_code=201, summary="An interpreter comes")
@party
async def confirm_order(uow: Transaction, order_id: OrderId, body: Confirmation) -> OrderView:
    """Bekräfta beställningen. Before the time for an answer is over, and with nobody who is blocked."""
    return OrderView.of(await interpreters.confirm(uow, order_id, body.interpreter))


@of_providers.post("/{orderId}/refusals", status_code=201, summary="No interpreter comes")
@party
async def refuse_order(uow: Transaction, order_id: OrderId, body: ProviderRefusal) -> OrderView:
    """Avböj beställningen, även efter bekräftelse. The next provider is asked, if there is one."""
    return OrderView.of(await interpreters.refuse(uow, order_id, body.reason))

"""The feed: what was told, by position, for organisations that read it instead of being sent it."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import and_, func, select

from shared.envelope import Envelope
from shared.forwarder import may_hear
from shared.relay import envelope_of
from shared.tables import event

from .examples import CASE, PLAY
from .policies import integration
from .route import Service, Transaction

WINDOW = 2000
"""Positions that one page looks at."""


class FeedEvent(BaseModel):
    """One event in the structured form of CloudEvents, with its position."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "position": 42,
                    "specversion": "1.0",
                    "id": "0190a0b2-8b05-7a6c-9e33-c7d1f2045be8",
                    "source": "/norrby/booking",
                    "type": "se.samspar.meeting.booked.v1",
                    "time": "2026-11-02T08:30:00Z",
                    "case": CASE,
                    "home": "norrby",
                    "partitionkey": CASE,
                    "data": {
                        "task": "assessment-meeting",
                        "round": 1,
                        "play": PLAY,
                        "starts": "2026-11-03T08:00:00Z",
                        "ends": "2026-11-03T09:00:00Z",
                    },
                }
            ]
        },
    )

    position: int
    id: str
    source: str
    type: str
    time: str
    data: dict[str, Any]


class Feed(BaseModel):
    """Events after a position, in order. Ask again with `next`; when it no longer moves you have read all there is."""

    items: list[FeedEvent]
    next: int


def add_feed(routes: APIRouter) -> None:
    """Gives a service its feed."""

    @routes.get("/events", tags=["events"], summary="Events after a position")
    @integration
    async def read_events(
        uow: Transaction,
        here: Service,
        after: Annotated[int, Query(description="Position of the last event you have", ge=0, lt=2**63)] = 0,
        limit: Annotated[int, Query(description="How many at most", ge=1, le=1000)] = 100,
    ) -> Feed:
        """Händelser som din organisation får höra. Only events whose audience holds your organisation."""
        assert uow.caller is not None
        ahead = select(event.c.position).where(event.c.position > after).order_by(event.c.position).limit(WINDOW)
        upto = await uow.session.scalar(select(func.max(ahead.subquery().c.position))) or after
        within = and_(event.c.position > after, event.c.position <= upto)
        query = select(event).where(within, may_hear(uow.caller.organisation)).order_by(event.c.position)
        rows = (await uow.session.execute(query.limit(limit))).all()
        items = [_item(envelope_of(row, here.whoami.source), row.position, row.body) for row in rows]
        return Feed(items=items, next=items[-1].position if len(items) == limit else upto)


def _item(envelope: Envelope, position: int, body: bytes) -> FeedEvent:
    optional = {
        "case": envelope.case_id,
        "addressee": envelope.addressee,
        "causationid": envelope.causation,
        "traceparent": envelope.traceparent,
    }
    return FeedEvent(
        position=position,
        id=str(envelope.id),
        source=envelope.source,
        type=envelope.type,
        time=envelope.time.isoformat().replace("+00:00", "Z"),
        data=json.loads(body),
        **{"specversion": "1.0", "home": envelope.home, "partitionkey": str(envelope.stream)},
        **{name: str(value) for name, value in optional.items() if value is not None},
    )

"""The chain that waits on a stream: what came first and why it stands, and who stands behind it."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field
from sqlalchemy import func, select

from shared.parking import WHOLE
from shared.tables import ParkedState, parked
from shared.uow import UnitOfWork

from .forms import Seen
from .letters import DeadLetter

MOST = 500


class Because(StrEnum):
    """Why an event stands: by its own failure, for a fact that has not come, behind others; or it is next."""

    FAILED = "failed"
    AWAITS = "awaits"
    BEHIND = "behind"
    NEXT = "next"


class Link(DeadLetter):
    """A parked event in its chain."""

    because: Because
    behind: list[int] = Field(description="The events that hold it back; those before them come first")


class Chain(Seen):
    """All that is parked on a stream, in order; of a long one its first five hundred."""

    stream: UUID
    length: int
    links: list[Link]


async def chain(uow: UnitOfWork, stream: UUID) -> Chain:
    """What fails holds the whole stream, what waits only what its own source tells later (`Parking.holds`)."""
    length = await uow.session.scalar(select(func.count()).where(parked.c.stream == stream)) or 0
    query = select(parked).where(parked.c.stream == stream).order_by(parked.c.seq).limit(MOST)
    rows = (await uow.session.execute(query)).all()
    links: list[Link] = []
    for row in rows:
        holders: list[int] = []
        because = {ParkedState.WAITING: Because.AWAITS}.get(row.state, Because.FAILED)
        if row.state == ParkedState.BEHIND:
            heads = (each for each in rows if each.state != ParkedState.BEHIND)
            holders = [each.seq for each in heads if each.holds == WHOLE or each.source == row.source]
            because = Because.BEHIND if holders else Because.NEXT
        links.append(Link.of(row, because=because, behind=holders))
    return Chain(stream=stream, length=length, links=links)

"""The operators' routes about what was told and has not come: what the last round found, and asking for another."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from shared.ids import uuid7
from shared.reconciling import Wanted, accept, watermarks

from .policies import operator
from .route import Service, Transaction
from .views import Body, View

SourceName = Annotated[str, StringConstraints(pattern=r"^/[a-z][a-z0-9-]{1,31}/[a-z][a-z0-9-]{1,31}$")]


class SourceSeen(View):
    """One source, as the last round found it."""

    source: SourceName = Field(examples=["/norrby/booking"])
    told: int = Field(description="Events for this service that it is known to have told")
    here: int = Field(description="How many of them are stored here")
    missing: int = Field(description="Found lacking, and not healed")
    healed: int = Field(description="Ever taken from the teller because they had not come")
    forgotten: int = Field(description="Heard here, and unknown to the teller since it was restored")
    position: int
    restored_at: datetime | None = Field(description="When it was found restored; until that is accepted")
    fault: str | None = Field(description="Why the last round did not come to its end")
    round: UUID
    checked_at: datetime | None


class Sources(View):
    """All sources of this service that were ever asked. `expected`: how many there are."""

    items: list[SourceSeen]
    expected: int


class NewRound(Body):
    """A round at once. `accepts`: sources known to have been restored, whose alarm may end."""

    heals: bool = True
    from_start: bool = False
    accepts: list[SourceName] = Field(default=[], max_length=100, examples=[["/norrby/booking"]])


class RoundAsked(View):
    """A round that will begin. It is done when every source has its id."""

    round: UUID


def add_reconciliation(routes: APIRouter) -> None:
    """Gives a service these routes."""

    @routes.get("/reconciliation", tags=["operators"], summary="What was told and has not come")
    @operator
    async def read_reconciliation(uow: Transaction, here: Service) -> Sources:
        """Vad som berättats men inte kommit fram. By source, as the last round found it."""
        found = await watermarks(await uow.session.connection())
        rows = [each for each in here.reconciler.sources if each.name in found]
        items = [SourceSeen.of(found[each.name]) for each in rows]
        return Sources(items=items, expected=len(here.reconciler.sources))

    @routes.post("/reconciliations", tags=["operators"], status_code=202, summary="Compare now")
    @operator
    async def reconcile(body: NewRound, uow: Transaction, here: Service) -> RoundAsked:
        """Jämför nu. What is missing is taken from its teller, unless `heals` is false."""
        here.reconciler.require_consumer()
        await accept(await uow.session.connection(), body.accepts)
        wanted = Wanted(uuid7(), body.heals, body.from_start)
        uow.after_commit.append(lambda: here.reconciler.ask(wanted))
        return RoundAsked(round=wanted.id)

"""The operators' routes that every service has: what a case waits for here, how it flows, and what got stuck."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from shared import deadletters

from .dead_letters import add_dead_letters
from .health import flow
from .policies import operator
from .reconciliation import add_reconciliation
from .route import Service, Transaction

CaseId = Annotated[UUID, Path(description="The case")]


class Wait(BaseModel):
    """One thing a case waits for: what, who has it, until when."""

    what: str
    owner: str
    due: datetime | None = None
    since: datetime | None = None
    state: str = "open"
    sentence: str = ""
    kind: str | None = None
    play: UUID | None = Field(default=None, description="The id of what was asked, in the service that was asked")


class Waits(BaseModel):
    """All that a case waits for in this service."""

    caseId: UUID
    items: list[Wait]
    sentences: dict[str, str] = Field(default_factory=dict, description="One true sentence, by language")


def add_desk(routes: APIRouter, *, waits: bool) -> None:
    """Gives a service the operators' routes. `waits`: the service knows of no better answer than what is parked."""
    if waits:

        @routes.get("/cases/{caseId}/waits", tags=["operators"], summary="What a case waits for here")
        @operator
        async def read_waits(caseId: CaseId, uow: Transaction) -> Waits:
            """Vad ärendet väntar på i den här tjänsten. Parked events of the case, with who has to act."""
            return Waits(caseId=caseId, items=await parked_waits(uow, caseId))

    @routes.get("/flow", tags=["operators"], summary="How much waits to be sent, read or done")
    @operator
    async def read_flow(here: Service) -> dict[str, Any]:
        """Hur mycket som väntar. What `/flowz` does not tell everybody: counts, and when the next timer is due."""
        return await flow(here)

    add_dead_letters(routes)
    add_reconciliation(routes)


async def parked_waits(uow: Transaction, case: UUID) -> list[Wait]:
    """The parked events of a case as waits."""
    return [
        Wait(
            what=letter.type,
            owner=letter.cause,
            since=letter.parked_at,
            state=letter.state,
            sentence=f"{letter.type} is {letter.state}: {letter.last_error or 'it stands behind another'}",
        )
        for letter in await deadletters.of_stream(uow, case)
    ]

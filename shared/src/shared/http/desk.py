"""The operators' routes that every service has: what a case waits for here, and the dead letters."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from shared import deadletters
from shared.deadletters import DeadLetter, Shown

from .health import flow
from .policies import operator
from .route import Service, Transaction
from .views import Body

LetterId = Annotated[int, Path(description="The dead letter", ge=0, lt=2**63)]
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


class Reason(Body):
    """Why an operator does this; kept in the audit."""

    reason: str = Field(pattern=r"^[a-z][a-z0-9-]{2,60}$", description="A closed word, as `fixed-in-1-2`; no free text")


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

    @routes.get("/dead-letters", tags=["operators"], summary="Events that need a person")
    @operator
    async def list_dead_letters(
        uow: Transaction, limit: Annotated[int, Query(description="How many at most", ge=1, le=1000)] = 100
    ) -> dict[str, list[DeadLetter]]:
        """Händelser som ingen maskin kan lösa. Newest first, with cause and errors, without bodies."""
        return {"items": await deadletters.found(uow, limit=limit)}

    @routes.get("/dead-letters/{deadLetterId}", tags=["operators"], summary="One dead letter")
    @operator
    async def show_dead_letter(deadLetterId: LetterId, uow: Transaction, here: Service) -> Shown:
        """Ett dött brev med sina attribut. Ids, times and known names, and the fields that are read; nothing else."""
        return await deadletters.show(uow, deadLetterId, here.subscriptions, here.parties)

    @routes.post("/dead-letters/{deadLetterId}/replays", tags=["operators"], status_code=202, summary="Run it again")
    @operator
    async def replay_dead_letter(
        deadLetterId: LetterId,
        body: Reason,
        uow: Transaction,
        here: Service,
    ) -> dict[str, Any]:
        """Kör om. It is tried within a second, then what stands behind it; the attempt is audited."""
        await deadletters.replay(uow, here.retries, deadLetterId, body.reason)
        return {"deadLetterId": deadLetterId, "status": "queued"}

    @routes.post("/dead-letters/{deadLetterId}/skips", tags=["operators"], status_code=202, summary="Leave it undone")
    @operator
    async def skip_dead_letter(
        deadLetterId: LetterId,
        body: Reason,
        uow: Transaction,
        here: Service,
    ) -> dict[str, Any]:
        """Hoppa över. It is gone and stays undone; what stands behind it goes on; audited."""
        await deadletters.skip(uow, here.retries, deadLetterId, body.reason)
        return {"deadLetterId": deadLetterId, "status": "skipped"}


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

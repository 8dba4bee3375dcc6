"""The operators' routes about what got stuck: list, show, chain, dry run, replay, skip and history."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, Field
from sqlalchemy import select

from shared import deadletters
from shared.deadletters import Chain, DeadLetter, DryRun, Report, Shown, Wanted
from shared.deadletters.forms import Note, Seen
from shared.deadletters.resolving import Done
from shared.errors import Fault
from shared.notices import Fate
from shared.parties.register import TYPE
from shared.resolutions import Action, ReplayReason, SkipReason
from shared.tables import ParkedState, notice, parked, resolution

from .paging import Page, Paged
from .policies import operator
from .route import Service, Transaction
from .views import Body

LetterId = Annotated[int, Path(description="The dead letter", ge=0, lt=2**63)]
StreamId = Annotated[UUID, Path(description="The case, or the group, place or register entry that order is kept for")]
ReplayId = Annotated[UUID, Path(description="The replay")]
Type = Annotated[str, Field(pattern=f"^{TYPE.pattern}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$")]
ACTOR = r"^([a-zA-Z_./:@-]|[0-9]{1,5}([a-zA-Z_./:@-]|$)){1,80}$"
"""Who acted, as tokens name them; never six digits in a row."""
Since = Annotated[AwareDatetime | None, Query(description="Not before this time")]
Until = Annotated[AwareDatetime | None, Query(description="Before this time")]


class Replaying(Body):
    """Why a dead letter may succeed now; kept in the audit."""

    reason: ReplayReason = Field(examples=["repaired"])
    note: Note | None = Field(default=None, examples=["The calendar answers again."])


class ReplayingMany(Replaying):
    """Which dead letters, the oldest first, and why they may succeed now."""

    event: UUID | None = None
    case: UUID | None = Field(default=None, description="The case, or what order is kept for instead")
    organisation: Name | None = Field(default=None, description="That told them", examples=["norrby"])
    type: Type | None = Field(default=None, examples=["se.samspar.meeting.booked.v1"])
    cause: Fault | None = None
    since: AwareDatetime | None = Field(default=None, description="Parked not before this time")
    until: AwareDatetime | None = Field(default=None, description="Parked before this time")
    limit: int = Field(default=100, ge=1, le=1000, description="How many at most")

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            cause=self.cause,
            type=self.type,
            organisation=self.organisation,
            event=self.event,
            stream=self.case,
            since=self.since,
            until=self.until,
        )


class Skipping(Body):
    """Why a dead letter may stay undone; kept in the audit."""

    reason: SkipReason = Field(examples=["duplicate"])
    note: Note | None = Field(default=None, examples=["Booked by telephone."])


class Undelivered(Seen):
    """An event of this service that a receiver could not take in, and what became of it there."""

    receiver: str
    letter: UUID
    event_id: UUID | None
    type: str | None
    cause: Fault
    state: Fate
    died_at: datetime
    changed_at: datetime


def add_dead_letters(routes: APIRouter) -> None:
    """Gives a service these routes."""
    _add_reading(routes)
    _add_resolving(routes)


def _add_reading(routes: APIRouter) -> None:
    @routes.get("/dead-letters", tags=["operators"], summary="Events that need a person")
    @operator
    async def list_dead_letters(
        uow: Transaction,
        here: Service,
        paging: Paged,
        state: Annotated[list[ParkedState] | None, Query(description="Dead ones, if left out", max_length=4)] = None,
        cause: Annotated[Fault | None, Query(description="Who has to act")] = None,
        type: Annotated[Type | None, Query(description="The event's type")] = None,
        organisation: Annotated[Name | None, Query(description="That told it")] = None,
        event: Annotated[UUID | None, Query(description="The event's id")] = None,
        case: Annotated[UUID | None, Query(description="The case, or what order is kept for instead")] = None,
        since: Since = None,
        until: Until = None,
    ) -> Page[DeadLetter]:
        """Händelser som ingen maskin kan lösa. Newest first, with cause and errors, without bodies; by `state` also
        what is tried again, waits, or stands behind another."""
        states = tuple(state) if state else (ParkedState.DEAD,)
        wanted = Wanted(states, cause, type, organisation, event, case, since, until)
        rows, meta, links = await paging.of(uow, select(parked).where(*wanted.conditions(here.parties)), parked.c.seq)
        return Page(items=[DeadLetter.of(row) for row in rows], _meta=meta, _links=links)

    @routes.get("/dead-letters/{deadLetterId}", tags=["operators"], summary="One dead letter")
    @operator
    async def show_dead_letter(deadLetterId: LetterId, uow: Transaction, here: Service) -> Shown:
        """Ett dött brev med sina attribut. Ids, times and known names, and the fields that are read; nothing else."""
        return await deadletters.show(uow, deadLetterId, here.subscriptions, here.parties)

    @routes.get("/chains/{streamId}", tags=["operators"], summary="What is parked on a case, and behind what")
    @operator
    async def show_chain(streamId: StreamId, uow: Transaction) -> Chain:
        """Kedjan som väntar. In order: what came first and why it stands, and who stands behind it."""
        return await deadletters.chain(uow, streamId)

    @routes.get("/resolutions", tags=["operators"], summary="What was done about dead letters")
    @operator
    async def list_resolutions(
        uow: Transaction,
        paging: Paged,
        letter: Annotated[int | None, Query(description="The dead letter", ge=0, lt=2**63)] = None,
        event: Annotated[UUID | None, Query(description="The event's id")] = None,
        case: Annotated[UUID | None, Query(description="The case, or what order is kept for instead")] = None,
        action: Annotated[Action | None, Query(description="What was done")] = None,
        actor: Annotated[str | None, Query(description="Who did it", pattern=ACTOR)] = None,
        since: Since = None,
        until: Until = None,
    ) -> Page[Done]:
        """Vad som gjorts, av vem och varför. Newest first; lines are added and never changed."""
        query = deadletters.history(
            letter=letter, event=event, stream=case, action=action, actor=actor, since=since, until=until
        )
        rows, meta, links = await paging.of(uow, query, resolution.c.seq)
        return Page(items=[Done.of(row) for row in rows], _meta=meta, _links=links)

    @routes.get("/undelivered", tags=["operators"], summary="Events of ours that a receiver could not take in")
    @operator
    async def list_undelivered(
        uow: Transaction, paging: Paged, state: Annotated[Fate | None, Query(description="What became of it")] = None
    ) -> Page[Undelivered]:
        """Händelser som en mottagare inte kunde ta emot. As the receivers say: dead, replayed or skipped there."""
        query = select(notice) if state is None else select(notice).where(notice.c.state == str(state))
        rows, meta, links = await paging.of(uow, query, notice.c.seq)
        items = [Undelivered.model_validate(dict(row._mapping)) for row in rows]
        return Page(items=items, _meta=meta, _links=links)


def _add_resolving(routes: APIRouter) -> None:
    @routes.get("/dead-letters/{deadLetterId}/dry-run", tags=["operators"], summary="What a replay would change")
    @operator
    async def try_dead_letter(deadLetterId: LetterId, uow: Transaction, here: Service) -> DryRun:
        """Provkörning. It is run in a transaction that is taken back: rows, events and timers it would change, who
        would follow, or what it meets. Nothing is kept but a line in the audit."""
        return await deadletters.dry_run(here.retries, deadLetterId, uow.caller)

    @routes.post("/dead-letters/{deadLetterId}/replays", tags=["operators"], status_code=202, summary="Run it again")
    @operator
    async def replay_dead_letter(deadLetterId: LetterId, body: Replaying, uow: Transaction, here: Service) -> Report:
        """Kör om. It is tried within a second, then what stands behind it; audited, also how it went."""
        return await deadletters.replay_one(uow, here.retries, deadLetterId, body.reason, body.note)

    @routes.post("/dead-letter-replays", tags=["operators"], status_code=202, summary="Run many again")
    @operator
    async def replay_dead_letters(body: ReplayingMany, uow: Transaction, here: Service) -> Report:
        """Kör om flera. By event, case, organisation, type, cause and time; audited one by one."""
        return await deadletters.replay(
            uow, here.retries, here.parties, body.wanted, limit=body.limit, reason=body.reason, note=body.note
        )

    @routes.get("/dead-letter-replays/{replayId}", tags=["operators"], summary="How a replay went")
    @operator
    async def read_replay(replayId: ReplayId, uow: Transaction) -> Report:
        """Hur omkörningen gick. How many ran, were parked again, or are still to be tried."""
        return await deadletters.report(uow, replayId)

    @routes.post("/dead-letters/{deadLetterId}/skips", tags=["operators"], status_code=202, summary="Leave it undone")
    @operator
    async def skip_dead_letter(
        deadLetterId: LetterId, body: Skipping, uow: Transaction, here: Service
    ) -> dict[str, Any]:
        """Hoppa över. It is gone and stays undone; what stands behind it goes on; audited, and its teller is told."""
        await deadletters.skip(uow, here.retries, deadLetterId, body.reason, body.note)
        return {"deadLetterId": deadLetterId, "status": "skipped"}

"""What a service told, for the recipients' services: the ids by position, and events as they travelled."""

import logging
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from shared.feed import MOST, Told, ToldAgain, told, told_again
from shared.parties import Forwarding

from .policies import peer
from .route import Service, Transaction

log = logging.getLogger(__name__)

Fact = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,40}\.[a-z_]{1,40}$")]


def add_event_ids(routes: APIRouter) -> None:
    """Gives a service these routes."""

    @routes.get("/event-ids", tags=["events"], summary="Ids of events after a position")
    @peer
    async def read_event_ids(
        uow: Transaction,
        here: Service,
        after: Annotated[int, Query(description="Position up to which you have compared", ge=0, lt=2**63)] = 0,
        until: Annotated[int | None, Query(description="Look no further than this position", ge=0, lt=2**63)] = None,
        mark: Annotated[
            str | None, Query(description="The mark that came with that position", pattern=r"^[0-9a-f]{32}$")
        ] = None,
        fact: Annotated[
            list[Fact] | None, Query(description="Only these, as `meeting.booked`; all, if left out", max_length=300)
        ] = None,
    ) -> Told:
        """Id:n för händelser som din organisation får höra. To be compared with what came; `same` is false where this
        log was restored from a backup, and positions you know may be others' now."""
        assert uow.caller is not None
        asker, own = uow.caller.organisation, here.parties[here.whoami.organisation]
        answer = await told(
            await uow.session.connection(),
            asker,
            forwarded=own.forwards_to.get(asker) is Forwarding.EXCHANGE,
            after=after,
            mark=mark,
            until=until,
            facts=None if fact is None else frozenset(fact),
        )
        if not answer.same:
            log.critical("%s knows events that this log does not hold: was it restored?", uow.caller.client_id)
        return answer

    @routes.get("/event-messages", tags=["events"], summary="Events as they travelled")
    @peer
    async def read_event_messages(
        uow: Transaction,
        here: Service,
        id: Annotated[list[UUID], Query(description="Which events", min_length=1, max_length=MOST)],
    ) -> ToldAgain:
        """Händelser en gång till, i den ordning de berättades. Those that your organisation may hear; large ones in
        several answers."""
        assert uow.caller is not None
        return await told_again(await uow.session.connection(), uow.caller.organisation, id, here.whoami)

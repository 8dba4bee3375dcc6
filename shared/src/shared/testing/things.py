"""A small service, in booking's place, whose things are made, read, changed and removed: for tests of HTTP."""

from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Path, Response
from pydantic import StringConstraints
from sqlalchemy import ForeignKey, MetaData, func, select
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col

from shared.entity import Entity
from shared.events import Event
from shared.http.about import Api
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Transaction, routes
from shared.http.views import Body, View
from shared.ids import uuid7
from shared.service import create_service
from shared.settings import Settings
from shared.subscriptions import Subscriptions
from shared.tables import idempotency
from shared.uow import UnitOfWork

from .apps import App

API = Api(name="booking", title="Things", sv="Saker.", en="Things.")
ThingId = Annotated[UUID, Path(alias="thingId", description="The thing")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}$")]


class Row(SQLModel, registry=registry(metadata=MetaData())):
    """The tables of this service."""


class Thing(Entity, Row, table=True):
    """Something with a word. `beside` another thing, which is checked only when the transaction commits."""

    word: str
    beside: UUID | None = Field(
        default=None, sa_column_args=[ForeignKey("thing.id", deferrable=True, initially="DEFERRED")]
    )


class ThingMade(Event, type="thing.made"):
    """A thing was made."""

    thing_id: UUID


class NewThing(Body):
    """What a thing is made of."""

    word: Word
    beside: UUID | None = None


class NewWord(Body):
    """Another word."""

    word: Word


class ThingView(View):
    """A thing."""

    id: UUID
    word: str
    version: int


@dataclass
class Things:
    """The service, and the error that its route `/things/{thingId}/faults` raises."""

    app: App = field(init=False)
    fault: Exception = field(default_factory=lambda: RuntimeError("nothing is wrong"))

    def create(self, settings: Settings) -> FastAPI:
        return create_service(settings, API, self._routes(), Subscriptions())

    def _routes(self) -> APIRouter:
        router = routes("booking", tags=["things"])

        @router.post("/things", status_code=201)
        @party
        async def make_thing(uow: Transaction, body: NewThing, response: Response) -> ThingView:
            made = await make(uow, body.word, body.beside)
            response.headers["Location"] = f"http://samspar/booking/v1/things/{made.id}"
            return ThingView.of(made)

        @router.get("/things")
        @party
        async def list_things(uow: Transaction, paging: Paged, word: Word | None = None) -> Page[ThingView]:
            query = uow.visible(select(Thing), col(Thing.id))
            if word is not None:
                query = query.where(col(Thing.word) == word)
            return await ThingView.page(uow, query, col(Thing.id), paging)

        @router.get("/things/{thingId}")
        @party
        async def read_thing(uow: Transaction, thing_id: ThingId) -> ThingView:
            return ThingView.of(await uow.get(Thing, thing_id))

        @router.put("/things/{thingId}")
        @router.patch("/things/{thingId}")
        @router.post("/things/{thingId}/words")
        @party
        async def change_thing(uow: Transaction, thing_id: ThingId, body: NewWord) -> ThingView:
            thing = await uow.get(Thing, thing_id)
            thing.word = body.word
            thing.changed(uow.now)
            return ThingView.of(thing)

        @router.delete("/things/{thingId}", status_code=204)
        @party
        async def remove_thing(uow: Transaction, thing_id: ThingId) -> None:
            await uow.session.delete(await uow.get(Thing, thing_id))

        @router.delete("/things/{thingId}/words", status_code=204)
        @party
        async def remove_without_looking(uow: Transaction, thing_id: ThingId) -> None:
            await uow.session.delete(await uow.session.get_one(Thing, thing_id))

        @router.get("/things/{thingId}/faults")
        @router.post("/things/{thingId}/faults")
        @party
        async def break_down(thing_id: ThingId) -> None:  # noqa: ARG001 -- its address may hold anything
            raise self.fault

        return router

    async def make_many(self, words: list[str], *, party: str = "clinic") -> list[UUID]:
        """Things of a party, oldest first."""
        async with self.app.here.database.transaction() as uow:
            return [(await make(uow, word, None, party=party)).id for word in words]

    async def count(self, of: Any = Thing) -> int:
        async with self.app.here.database.reading() as connection:
            return await connection.scalar(select(func.count()).select_from(of)) or 0

    async def answers(self) -> int:
        """How many answers are kept."""
        return await self.count(idempotency)


async def make(uow: UnitOfWork, word: str, beside: UUID | None, *, party: str | None = None) -> Thing:
    """A thing of the caller's, or of the party named."""
    id_, own = uuid7(), uow.whoami.organisation
    await uow.lock(id_)
    thing = Thing(id=id_, case_id=id_, home=own, word=word, beside=beside, changed_at=uow.now)
    uow.add(thing)
    caller = uow.caller
    mine = (caller.organisation, caller.party) if caller else (own, party or "clinic")
    uow.grant(id_, [mine, (own, "onlooker")], acts=[mine])
    uow.emit(ThingMade(case_id=id_, home=own, time=uow.now, thing_id=id_))
    return thing

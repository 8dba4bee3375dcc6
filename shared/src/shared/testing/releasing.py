"""A small service that releases, in booking's place, and a consent service that answers it by script."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from pydantic import JsonValue
from sqlalchemy import select

from shared.here import Here
from shared.http.about import Api
from shared.http.policies import releasing
from shared.http.route import Service, routes
from shared.http.views import Body, View
from shared.ids import uuid7
from shared.releases.permits import Wanted
from shared.releases.routes import Releasing, add_fence
from shared.releases.tables import receipt
from shared.releases.words import Category, Purpose
from shared.service import create_service
from shared.settings import Settings
from shared.subscriptions import Subscriptions
from shared.uow import UnitOfWork

from .apps import App, Platform

API = Api(name="booking", title="A releaser", sv="Lämnar ut kontaktuppgifter.", en="Releases contact details.")
PHONE = "070-1740605"


class Disclosure(Body):
    """Whose contact details, for what."""

    home: str
    person_id: UUID
    party: str | None = None
    purpose: Purpose = Purpose.MEETING


class Contact(View):
    """What is released."""

    contact: dict[str, JsonValue]


async def nothing() -> None:
    """Nothing happens in between."""


def keeping(settings: Settings) -> Settings:
    """The same service, as one that keeps persons."""
    said: dict[str, Any] = {"persons": True, "__annotations__": {"persons": ClassVar[bool]}, "__module__": __name__}
    kind: type[Settings] = type("Keeping", (type(settings),), said)
    return kind.model_construct(**dict(settings))


@dataclass
class Releaser:
    """The service, and the moment between its receipt and its commit, at which a test may do what it likes."""

    inside: Callable[[], Awaitable[None]] = field(default=nothing)

    def create(self, settings: Settings) -> FastAPI:
        router = routes("booking")
        add_fence(router)

        @router.post("/releases", status_code=201)
        @releasing
        async def release_contact(body: Disclosure, release: Releasing, here: Service) -> Contact:
            async def read(uow: UnitOfWork) -> Contact:
                found = await here.vault.get(uow.session, body.person_id, "contact")
                await self.inside()
                return Contact(contact=found or {})

            categories = frozenset({Category.CONTACT})
            wanted = Wanted(
                home=body.home,
                person_id=body.person_id,
                party=release.party(body.party),
                purpose=body.purpose,
                categories=categories,
            )
            return await release(wanted, read)

        return create_service(keeping(settings), API, router, Subscriptions())


async def knows(here: Here, person: UUID | None = None) -> UUID:
    """The service has a person's contact details. Returns the person's id."""
    person = person or uuid7()
    async with here.database.transaction() as uow:
        await here.vault.put(uow.session, person, "contact", {"phone": PHONE}, now=uow.now)
    return person


async def receipts(app: App, *, void: bool | None = None) -> dict[UUID, int | None]:
    """The release ids that a service has rows for, with the permit numbers of those that are real."""
    query = select(receipt.c.release_id, receipt.c.permit)
    if void is not None:
        query = query.where(receipt.c.void == void)
    async with app.here.database.reading() as connection:
        return {release: number for release, number in await connection.execute(query)}


BASIS = uuid4()
Said = Callable[[dict[str, Any]], Awaitable[httpx.Response]]


async def yes(asked: dict[str, Any]) -> httpx.Response:
    return said({"releaseId": asked["releaseId"], "granted": True, "basis": str(BASIS), "number": 7})


async def no(asked: dict[str, Any]) -> httpx.Response:
    return said({"releaseId": asked["releaseId"], "granted": False, "lacks": ["waiver", "consent"]})


def said(*permits: dict[str, Any], status: int = 201) -> httpx.Response:
    return httpx.Response(status, json={"permits": list(permits)})


@dataclass
class Side:
    """A releaser of `norrby` whose consent service says what the test wants."""

    platform: Platform
    app: App
    releaser: Releaser
    person: UUID
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    says: Said = yes

    async def consent(self, request: httpx.Request, _: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        (wanted,) = json.loads(request.content)["releases"]
        self.asked.append(wanted)
        return await self.says(wanted)

    async def release(self, person: UUID | None = None, *, key: str | None = None) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        client = self.app.as_party("employment_service", organisation="agency")
        body = {"home": "norrby", "personId": str(person or self.person)}
        return await client.post("/releases", json=body, headers=headers)

    async def fence(
        self, release_id: UUID | str, *, organisation: str = "norrby", service: str = "consent"
    ) -> httpx.Response:
        return await self.app.as_service(organisation, service).post(f"/releases/{release_id}/fence")

    @property
    def release_id(self) -> UUID:
        return UUID(self.asked[-1]["releaseId"])

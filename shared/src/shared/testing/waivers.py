"""The life of a waiver in a test: home's consent service, a releaser beside it, and whom it is given for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from shared.ids import uuid7
from shared.tasks import Participant, TaskRequest

from .apps import App, Platform
from .asking import requested
from .releasing import Releaser, knows

OURS = ("norrby", "social_services")
THEIRS = ("agency", "employment_service")
BETWEEN = [Participant(organisation=organisation, party=party) for organisation, party in (OURS, THEIRS)]


@dataclass
class Town:
    """What these tests play with."""

    platform: Platform
    consent: App
    releaser: App
    releasing: Releaser

    async def asked(self, *, waiver: bool = True, between: list[Participant] | None = None) -> TaskRequest:
        """Home has asked social services for a waiver, and the releaser knows the person."""
        person = await knows(self.releaser.here)
        request = requested(
            "consent",
            uuid7(),
            party="social_services",
            person_id=person,
            waiver=waiver,
            between=BETWEEN if between is None else between,
            outcomes=["given", "refused"],
        )
        await self.consent.hears(request)
        return request

    async def say(self, request: TaskRequest, what: str, **body: Any) -> httpx.Response:
        """Social services tell what the person said: `grants`, `refusals`, `withdrawals`."""
        client = self.consent.as_party("social_services")
        return await client.post(f"/bases/{request.play}/{what}", json=body)

    async def given(self, **how: Any) -> TaskRequest:
        """A waiver in force."""
        request = await self.asked(**how)
        assert (await self.say(request, "grants", form="written")).status_code == 201
        return request

    async def status(self, request: TaskRequest) -> str:
        return (await self.consent.as_party("social_services").get(f"/bases/{request.play}")).json()["status"]

    async def becomes(self, request: TaskRequest, status: str, *, seconds: float = 10) -> None:
        """Waits until a basis has come there."""
        async with asyncio.timeout(seconds):
            while await self.status(request) != status:  # noqa: ASYNC110 -- it is told by another task's commit
                await asyncio.sleep(0.02)

    async def ask(
        self,
        person: UUID,
        *,
        to: tuple[str, str] = THEIRS,
        by: tuple[str, str] = ("norrby", "booking"),
        **changes: Any,
    ) -> httpx.Response:
        """A service asks for a permit, to release to a party: (organisation, party)."""
        wanted = {
            "releaseId": str(uuid4()),
            "personId": str(person),
            "purpose": "meeting",
            "from": by[0],
            "to": to[0],
            "toParty": to[1],
            "categories": ["contact"],
        }
        return await self.consent.as_service(*by).post("/permits", json={"releases": [wanted | changes]})

    async def may(self, person: UUID, **terms: Any) -> int | None:
        """The number of the permit, or nothing for a no."""
        answer = await self.ask(person, **terms)
        assert answer.status_code == 201, answer.text
        (permit,) = answer.json()["permits"]
        assert permit["granted"] is (permit["number"] is not None) is (permit["lacks"] == [])
        return permit["number"]

    async def release(self, person: UUID, *, to: str = "agency", key: str | None = None) -> httpx.Response:
        """The other organisation asks the releaser for the person's contact details."""
        client = self.releaser.as_party("employment_service", organisation=to)
        headers = {} if key is None else {"Idempotency-Key": key}
        return await client.post("/releases", json={"home": "norrby", "personId": str(person)}, headers=headers)


async def settle(platform: Platform, database: Callable[[], dict[str, Any]]) -> Town:
    releasing = Releaser()
    consent = await platform.start("norrby", "consent", **database())
    releaser = await platform.start("norrby", "booking", create=releasing.create, **database())
    return Town(platform, consent, releaser, releasing)

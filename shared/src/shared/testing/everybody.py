"""A pathway with all its organisations in a test: everybody's services, and each party with its own token."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import httpx
from sqlalchemy import func, select

from shared.tables import inbox

from .apps import App, Platform
from .rows import Told

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Everybody:
    """Every organisation of `runs` with its services; the parties that are not of `home` are of those in `where`."""

    platform: Platform
    home: str
    where: Mapping[str, str]

    @classmethod
    @asynccontextmanager
    async def running(
        cls, directory: Path, *, deploy: Path, home: str, runs: Mapping[str, Sequence[str]], where: Mapping[str, str]
    ) -> AsyncGenerator[Self]:
        async with Platform(directory, deploy=deploy, organisations=runs) as platform:
            for organisation, services in runs.items():
                for service in services:
                    await platform.start(organisation, service)
            yield cls(platform, home, where)

    @property
    def referral(self) -> App:
        return self.app("referral")

    def app(self, service: str, at: str | None = None) -> App:
        """Home's, unless another organisation is named."""
        return self.platform.apps[at or self.home, service]

    def client(self, party: str, service: str, at: str | None = None) -> httpx.AsyncClient:
        """That party with a token of its own organisation, at one organisation's service."""
        return self.app(service, at).as_party(party, organisation=self.where.get(party, self.home))

    async def sees(self, party: str, what: str, at: str | None = None, **only: Any) -> list[dict[str, Any]]:
        """Its own list of `booking/meetings`, newest first, of which `only` may be so."""
        service, _, path = what.partition("/")
        answer = await self.client(party, service, at).get(f"/{path}")
        assert answer.status_code == 200, answer.text
        return [each for each in answer.json()["items"] if only.items() <= each.items()]

    async def says(self, party: str, what: str, at: str | None = None, **body: Any) -> dict[str, Any]:
        """A move that succeeds, `booking/meetings/{id}/holdings`, and all that follows from it."""
        answer = await self.tries(party, what, at, **body)
        assert answer.status_code == 201, answer.text
        await self.platform.quiet()
        return answer.json()

    async def tries(self, party: str, what: str, at: str | None = None, **body: Any) -> httpx.Response:
        service, _, path = what.partition("/")
        return await self.client(party, service, at).post(f"/{path}", json=body)

    async def read(self, service: str, at: str) -> int:
        """How many events a service has taken from its queue."""
        async with self.app(service, at).here.database.reading() as connection:
            return await connection.scalar(select(func.count()).select_from(inbox)) or 0

    async def feed(self, organisation: str) -> list[Any]:
        """What another organisation's own system reads of home's referral service."""
        reader = self.referral.as_party("integration", organisation=organisation, scopes=["samspar.feed"])
        return (await reader.get("/events")).json()["items"]

    async def hear(self, party: str) -> list[str]:
        """What a party can see of any case at home, in every list of every service."""
        lists = ["referral/referrals", "referral/cases", "referral/roles", "consent/bases", "booking/meetings"]
        lists += ["booking/agendas", "assessment/assessments", "assessment/plans", "reporting/cases"]
        return [what for what in lists if await self.sees(party, what)]

    async def told(self, fact: str, **said: Any) -> list[Told]:
        """What home told of that kind, of which these fields are so."""
        return [each for each in await self.referral.told(fact) if said.items() <= each.said.items()]

    async def waiver(self, referrer: str, what: str = "grants") -> None:
        """What the person answered, as the referrer took it in."""
        (basis,) = await self.sees(referrer, "consent/bases", status="requested")
        await self.says(
            referrer, f"consent/bases/{basis['id']}/{what}", **({"form": "written"} if what == "grants" else {})
        )

    async def book(self, party: str, meeting: str, begins: datetime, at: str | None = None) -> None:
        times = {"starts": begins.isoformat(), "ends": (begins + HOUR).isoformat()}
        await self.says(party, f"booking/meetings/{meeting}/bookings", at, **times)

    async def meet(
        self, party: str, task: str, after: timedelta = DAY, at: str | None = None, **said: Any
    ) -> dict[str, Any]:
        """A meeting that was asked for is booked, and held when its time has come."""
        meeting = (await self.sees(party, "booking/meetings", at, task=task))[0]
        if meeting["status"] == "requested":
            await self.book(party, meeting["id"], self.now + after, at)
        meeting = (await self.sees(party, "booking/meetings", at, id=meeting["id"]))[0]
        await self.at(datetime.fromisoformat(meeting["ends"]))
        return await self.says(party, f"booking/meetings/{meeting['id']}/holdings", at, **said)

    async def order(self, provider: str, at: str | None = None) -> dict[str, Any]:
        """What that agency was asked for last."""
        return (await self.sees(provider, "booking/interpreter-orders", at))[0]

    @property
    def now(self) -> datetime:
        return self.referral.here.clock.now()

    async def at(self, instant: datetime | timedelta) -> None:
        """The clock is moved, and what is due then is done."""
        await self.platform.at(instant)
        await self.platform.quiet()

    async def became(self, referrer: str) -> tuple[str, str | None]:
        """Status and ending of the only referral, as its sender sees them."""
        (found,) = await self.sees(referrer, "referral/referrals")
        return found["status"], found["ending"]

    async def sentences(self, case: str) -> str:
        """What home's operators read that the case waits for."""
        return (await self.referral.as_operator().get(f"/cases/{UUID(case)}/waits")).json()["sentences"]["en"]

    async def parked(self) -> list[tuple[str, str]]:
        return [each for app in self.platform.apps.values() for each in await app.parked()]

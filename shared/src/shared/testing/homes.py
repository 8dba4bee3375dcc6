"""A home and its cases in a test: refer, hear facts as the services would tell them, and look."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from types import new_class
from typing import Any
from uuid import UUID

import httpx
from pydantic import ConfigDict

from shared.ids import uuid7
from shared.tasks import TaskFact

from .apps import App, Platform
from .referring import NUMBER, referral_of
from .rows import Told


class _Said(TaskFact):
    """A fact with any field that a test gives it."""

    model_config = ConfigDict(extra="allow")


@dataclass
class Home:
    """The referral service of an organisation, whose cases a test plays by telling facts."""

    platform: Platform
    app: App
    pathway: str

    @property
    def sender(self) -> httpx.AsyncClient:
        return self.app.as_party("social_services")

    @property
    def receiver(self) -> httpx.AsyncClient:
        return self.app.as_party("labour_market_unit")

    async def refer(self, number: str = NUMBER, **changes: Any) -> dict[str, Any]:
        """A referral that came in, and whose first requests are told."""
        answer = await self.sender.post("/referrals", json=referral_of(self.pathway, number, **changes))
        assert answer.status_code == 201, answer.text
        await self.platform.quiet()
        return answer.json()

    async def seen(self, referral: dict[str, Any]) -> tuple[str, str | None, str | None]:
        """Status, reason and ending, as the sender sees them."""
        found = (await self.sender.get(f"/referrals/{referral['id']}")).json()
        return found["status"], found["reason"], found["ending"]

    async def asked(self, referral: dict[str, Any], task: str) -> Told:
        """The last request for a task."""
        told = await self.app.told(case=UUID(referral["caseId"]))
        return [each for each in told if each.fact.endswith(".requested") and each.said["task"] == task][-1]

    async def facts(self, referral: dict[str, Any], fact: str = "") -> list[Told]:
        return await self.app.told(fact, case=UUID(referral["caseId"]))

    async def hears(
        self,
        request: Told,
        moment: str,
        *,
        at: datetime | None = None,
        teller: str | None = None,
        home: str | None = None,
        id_: UUID | None = None,
        **said: Any,
    ) -> UUID:
        """A fact that answers a request, as `booked`, told by home's booking if not said, and what follows."""
        aggregate = request.fact.partition(".")[0]
        given: dict[str, Any] = {
            "case_id": request.case_id,
            "home": home or self.app.organisation,
            "time": at or self.app.here.clock.now(),
            "task": request.said["task"],
            "round": request.said["round"],
            "play": UUID(request.said["play"]),
        }
        fact = _class(f"{aggregate}.{moment}").model_validate(given | said)
        heard = await self.app.hears(fact, teller=teller or f"{self.app.organisation}.booking", id_=id_ or uuid7())
        await self.platform.quiet()
        return heard

    async def interviewed(self, referral: dict[str, Any]) -> None:
        """The interview is booked and held, so that the assessment stage is open."""
        request = await self.asked(referral, "investigating-interview")
        starts = self.app.here.clock.now() + timedelta(hours=1)
        await self.hears(request, "booked", starts=starts.isoformat())
        await self.platform.at(starts + timedelta(hours=1))
        await self.hears(request, "held", outcome="held")


@cache
def _class(type_: str) -> Any:
    return new_class("Said", (_Said,), {"type": type_})

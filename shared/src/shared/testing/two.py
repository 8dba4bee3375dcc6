"""Two organisations in a test: norrby, home of the case, runs all five services; granholm runs booking alone."""

import asyncio
from dataclasses import dataclass
from typing import Any

from .apps import App, Platform

REFERRAL: dict[str, Any] = {
    "pathway": "norrby/with-waiver",
    "door": "referral",
    "person": {
        "identity": {"type": "personnummer", "value": "199001012385"},
        "contact": {"givenName": "Alma", "familyName": "Almkvist", "phone": "070-1740601", "language": "ara"},
    },
}
CANARIES = ("199001012385", "9001012385", "Almkvist", "070-1740601")


@dataclass
class Two:
    """The services that these scenarios speak with."""

    platform: Platform
    referral: App
    consent: App
    booking: App
    reporting: App
    theirs: App

    async def refer(self, value: str = "199001012385") -> dict[str, Any]:
        """One referral by norrby's social services."""
        identity = {"type": "personnummer", "value": value}
        body = REFERRAL | {"person": {**REFERRAL["person"], "identity": identity}}
        answer = await self.referral.as_party("social_services").post("/referrals", json=body)
        assert answer.status_code == 201, answer.text
        await self.platform.quiet()
        return answer.json()

    async def basis(self) -> str:
        """The id of the newest waiver asked for."""
        return (await self.consent.as_party("social_services").get("/bases")).json()["items"][0]["id"]

    async def say(self, basis: str, what: str) -> None:
        """What the person said, as social services tell it: `grants`, `refusals`, `withdrawals`."""
        body = {"form": "written"} if what == "grants" else {}
        answer = await self.consent.as_party("social_services").post(f"/bases/{basis}/{what}", json=body)
        assert answer.is_success, answer.text
        await self.platform.quiet()

    async def settled(self, status: str, basis: str, *, seconds: float = 20) -> None:
        """Waits until the waiver has come to that status, and all that follows from it is done."""
        client = self.consent.as_party("social_services")
        async with asyncio.timeout(seconds):
            while (await client.get(f"/bases/{basis}")).json()["status"] != status:  # noqa: ASYNC110 -- by HTTP, as a person would
                await asyncio.sleep(0.05)
        await self.platform.quiet()

"""A meeting for which an interpreter is ordered, with everybody who orders, answers, or has no business with it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from sqlalchemy import func, select

from shared.tables import timer
from shared.tasks import TaskRequest

from .apps import App, Platform
from .booking_requests import AGENCY, FALLBACK, PROVIDER, with_interpreters

THURSDAY = datetime(2026, 11, 12, 9, tzinfo=UTC)
TIME = {"starts": "2026-11-12T09:00:00Z", "ends": "2026-11-12T10:00:00Z"}
LATER = {"starts": "2026-11-19T09:00:00Z", "ends": "2026-11-19T10:00:00Z"}
WANTED: dict[str, Any] = {
    "language": "kmr",
    "dialect": "SY",
    "secondLanguage": "arb",
    "mode": "on_site",
    "level": "AT",
    "gender": "woman",
    "named": ["T-10234"],
    "blocked": ["T-666"],
    "signing": [],
}


@dataclass(frozen=True)
class Interpreting:
    """`clinic` orders; `agency` is asked first, `fallback` after it."""

    platform: Platform
    booking: App
    request: TaskRequest

    @classmethod
    async def begin(cls, platform: Platform, booking: App, **fields: Any) -> "Interpreting":
        """The meeting is asked for, and booked for Thursday the week after."""
        request = with_interpreters(**fields)
        await booking.hears(request)
        made = cls(platform, booking, request)
        await made.book()
        return made

    @property
    def clinic(self) -> httpx.AsyncClient:
        return self.booking.as_party("clinic")

    @property
    def agency(self) -> httpx.AsyncClient:
        return self.booking.as_party(PROVIDER, organisation=AGENCY)

    @property
    def fallback(self) -> httpx.AsyncClient:
        return self.booking.as_party(PROVIDER, organisation=FALLBACK)

    @property
    def path(self) -> str:
        return f"/meetings/{self.request.play}"

    async def book(self, time: dict[str, str] = TIME) -> httpx.Response:
        return await self.clinic.post(f"{self.path}/bookings", json=time)

    async def order(self, by: httpx.AsyncClient | None = None, **changes: Any) -> httpx.Response:
        return await (by or self.clinic).post(f"{self.path}/interpreter-orders", json=WANTED | changes)

    async def meeting(self) -> dict[str, Any]:
        return (await self.clinic.get(self.path)).json()

    async def asked(self, provider: httpx.AsyncClient, status: str | None = None) -> list[dict[str, Any]]:
        """The provider's own list, newest first."""
        answer = await provider.get("/interpreter-orders", params={"status": status} if status else {})
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def orders(self) -> list[tuple[str, str]]:
        """Who was asked and how it stands, oldest first, as the party reads it that orders."""
        items = (await self.clinic.get(f"{self.path}/interpreter-orders")).json()["items"]
        return [(item["organisation"], item["status"]) for item in reversed(items)]

    async def confirm(self, provider: httpx.AsyncClient, interpreter: str = "T-10234") -> httpx.Response:
        """The newest order that the provider is asked for."""
        return await self._answer(provider, "confirmations", {"interpreter": interpreter})

    async def refuse(self, provider: httpx.AsyncClient, reason: str = "nobody_free") -> httpx.Response:
        return await self._answer(provider, "refusals", {"reason": reason})

    async def _answer(self, provider: httpx.AsyncClient, noun: str, body: dict[str, Any]) -> httpx.Response:
        newest = (await self.asked(provider))[0]
        return await provider.post(f"/interpreter-orders/{newest['id']}/{noun}", json=body)

    async def states(self) -> list[str]:
        """What was told of the interpreter, and of the meeting not being ready, in order."""
        told = await self.booking.told()
        return [each.fact for each in told if each.fact.startswith("interpreter.") or each.fact == "meeting.unready"]

    async def at(self, instant: datetime) -> None:
        """The clock is moved, and what is due then is done."""
        await self.platform.at(instant)
        await self.platform.quiet()

    async def timers(self) -> int:
        async with self.booking.here.database.reading() as connection:
            return await connection.scalar(select(func.count()).select_from(timer)) or 0

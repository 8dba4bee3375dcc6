"""Booking documents in a test: rows of people who do not exist, and a hand that sends them and looks."""

import asyncio
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from .apps import App

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NUMBERS = ("199001012385", "198001012387", "198501012382", "197801012381", "199501012380", "200001012384")
"""Test numbers of the Tax Agency's."""

ASKING = {
    "Väg": "ekby/asking",
    "Ingång": "Andra ingången",
    "Intygas: Har rätt till bistånd": "ja",
    "Intygas: no_other_activity": "Ja",
    "Fråga: Stöd": "förstärkt",
    "Datum: Börjar": "2026-12-01",
}
"""What a row says besides to the pathway with questions."""


def row(number: str = NUMBERS[0], **changes: str) -> dict[str, str]:
    """One person to the pathway that asks nothing; nobody in it exists."""
    said = {"Väg": "ekby/adults", "Personnummer": number, "Förnamn": "Kanarina", "Efternamn": "Fågelsson"}
    return said | {"Telefon": "070-1740605", "Språk": "somaliska"} | changes


def many(count: int) -> list[dict[str, str]]:
    """As many persons as wanted, with reserve numbers."""
    return [row(f"2026R{n:06}", **{"Typ av nummer": "reservnummer"}) for n in range(count)]


def as_csv(rows: Sequence[Mapping[str, str]], *, delimiter: str = ";", coding: str = "utf-8") -> bytes:
    """The rows under the headers that they have, as a spreadsheet writes them."""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(dict.fromkeys(name for each in rows for name in each)), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode(coding)


@dataclass
class Sender:
    """A party that sends booking documents to one service."""

    app: App
    client: httpx.AsyncClient

    @classmethod
    def of(cls, app: App, party: str = "social_services") -> "Sender":
        return cls(app, app.as_party(party))

    async def post(self, content: bytes, kind: str = CSV, key: str | None = None, **query: str) -> httpx.Response:
        headers = {"Content-Type": kind, "Idempotency-Key": key or uuid4().hex}
        return await self.client.post("/booking-documents", content=content, headers=headers, params=query)

    async def sends(self, content: bytes, kind: str = CSV, **query: str) -> dict[str, Any]:
        """Sends it, and returns the document once it is done."""
        answer = await self.post(content, kind, **query)
        assert answer.status_code in (200, 202), answer.text
        return await self.done(answer.json()["id"])

    async def done(self, document: str, *, seconds: float = 60) -> dict[str, Any]:
        """The document once no row is pending."""
        return await self.until(document, lambda said: said["status"] != "working", seconds=seconds)

    async def until(
        self, document: str, so: Callable[[dict[str, Any]], bool], *, seconds: float = 60
    ) -> dict[str, Any]:
        """The document once it is so."""
        pause = 0.02
        async with asyncio.timeout(seconds):
            while not so(said := (await self.client.get(f"/booking-documents/{document}")).json()):
                await asyncio.sleep(pause)
                pause = min(1.05 * pause, 0.5)
        return said

    async def rows(self, document: str, **query: Any) -> list[dict[str, Any]]:
        """Every row's result, in order, over all pages."""
        url: str | None = f"/booking-documents/{document}/rows"
        params: dict[str, Any] | None = {"limit": 100} | query
        found: list[dict[str, Any]] = []
        while url is not None:
            page = (await self.client.get(url, params=params)).json()
            found += page["items"]
            url, params = page["_links"].get("next", {}).get("href"), None
        return found

    async def results(self, content: bytes, kind: str = CSV, **query: str) -> list[tuple[int, str, str | None]]:
        """(row, what became of it, code) of a document."""
        said = await self.sends(content, kind, **query)
        return [(each["number"], each["status"], each["code"]) for each in await self.rows(said["id"])]

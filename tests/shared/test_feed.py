"""The feed: what an organisation may hear, by position."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from shared.http.policies import FEED
from shared.ids import uuid7
from shared.testing.apps import App, Platform
from shared.testing.numbers import NumberTold


@pytest.fixture
async def booking(tmp_path: Path) -> AsyncGenerator[App]:
    async with Platform(tmp_path, deploy=Path(__file__).parents[2] / "deploy") as platform:
        app = await platform.start("norrby", "booking")
        for n in range(6):
            async with app.here.database.transaction() as uow:
                case = uuid7()
                await uow.lock(case)
                to = frozenset({"agency"}) if n % 2 else frozenset[str]()
                uow.emit(NumberTold(case_id=case, home="norrby", time=uow.now, n=n, told_to=to))
        await platform.quiet()
        yield app


async def read(app: App, organisation: str, **query: int) -> dict[str, Any]:
    async with app.as_party("integration", organisation=organisation, scopes=[FEED]) as client:
        answer = await client.get("/events", params=query)
    assert answer.status_code == 200
    return answer.json()


def numbers_of(feed: dict[str, Any]) -> list[int]:
    return [item["data"]["n"] for item in feed["items"]]


async def test_each_organisation_reads_what_its_audience_allows(booking: App):
    assert numbers_of(await read(booking, "agency")) == [1, 3, 5]
    assert numbers_of(await read(booking, "norrby")) == [0, 1, 2, 3, 4, 5]


async def test_the_feed_goes_on_after_the_last_position_and_ends_with_an_empty_page(booking: App):
    first = await read(booking, "agency", limit=2)
    rest = await read(booking, "agency", after=first["next"])
    assert (numbers_of(first), numbers_of(rest)) == ([1, 3], [5])
    end = await read(booking, "agency", after=rest["next"])
    assert (end["items"], end["next"]) == ([], rest["next"])
    assert [item["position"] for item in first["items"] + rest["items"]] == [2, 4, 6]

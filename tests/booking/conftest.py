"""Booking, running alone in the organisation `norrby`; `agency` is another organisation, which may take part."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from shared.ids import uuid7
from shared.tasks import TaskRequest
from shared.testing.apps import App, Platform
from shared.testing.asking import requested

Ask = Callable[..., Awaitable[TaskRequest]]


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncGenerator[Platform]:
    async with Platform(tmp_path, deploy=Path(__file__).parents[2] / "deploy") as platform:
        yield platform


@pytest.fixture
async def booking(platform: Platform) -> App:
    return await platform.start("norrby", "booking")


@pytest.fixture
def ask(booking: App) -> Ask:
    """Home asks `clinic` for a meeting at which `school` and the agency's `officer` sit."""

    async def ask(**fields: Any) -> TaskRequest:
        sees = [("norrby", "school"), ("agency", "officer")]
        given: dict[str, Any] = {"party": "clinic", "sees": sees, "outcomes": ["held"]}
        request = requested("meeting", uuid7(), **given | fields)
        await booking.hears(request)
        return request

    return ask

"""Booking, running alone in the organisation `norrby`; the agencies are other organisations, which may take part."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from shared.ids import uuid7
from shared.tasks import TaskRequest
from shared.testing.apps import ORGANISATIONS, App, Platform
from shared.testing.asking import requested
from shared.testing.booking_interpreters import Interpreting
from shared.testing.booking_requests import FALLBACK

Ask = Callable[..., Awaitable[TaskRequest]]
Begin = Callable[..., Awaitable[Interpreting]]


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncGenerator[Platform]:
    deploy = Path(__file__).parents[2] / "deploy"
    async with Platform(tmp_path, deploy=deploy, organisations={**ORGANISATIONS, FALLBACK: ()}) as platform:
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


@pytest.fixture
def begin(platform: Platform, booking: App) -> Begin:
    """A booked meeting for which `clinic` may order an interpreter."""

    async def begin(**fields: Any) -> Interpreting:
        return await Interpreting.begin(platform, booking, **fields)

    return begin

"""Assessment, running alone in the organisation `norrby`; `agency` is another organisation, which may take part."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

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
async def assessment(request: pytest.FixtureRequest, platform: Platform) -> App:
    """On SQLite; on PostgreSQL where the test asks for that with an indirect parameter."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return await platform.start("norrby", "assessment")
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    settings: dict[str, Any] = {"database_url": SecretStr(new_database())}
    return await platform.start("norrby", "assessment", **settings)


@pytest.fixture
def ask(assessment: App) -> Ask:
    """Home asks `unit` for something, in which `school` and the agency's `officer` take part."""

    async def ask(kind: str, **fields: Any) -> TaskRequest:
        sees = [("norrby", "school"), ("agency", "officer")]
        given: dict[str, Any] = {"case": uuid7(), "party": "unit", "sees": sees} | fields
        request = requested(kind, **given)
        await assessment.hears(request)
        return request

    return ask

"""Assessment, running alone in the organisation `norrby`; `agency` is another organisation, which may take part."""

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
async def assessment(platform: Platform) -> App:
    return await platform.start("norrby", "assessment")


@pytest.fixture
def ask(assessment: App) -> Ask:
    """Home asks `unit` for an assessment or an activity, in which `school` and the agency's `officer` take part."""

    async def ask(kind: str, **fields: Any) -> TaskRequest:
        sees = [("norrby", "school"), ("agency", "officer")]
        given: dict[str, Any] = {"party": "unit", "sees": sees}
        request = requested(kind, uuid7(), **given | fields)
        await assessment.hears(request)
        return request

    return ask

"""Reporting, running alone in the organisation `norrby`; `agency` is another, which has a part in its cases."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from shared.testing.apps import App, Platform


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncGenerator[Platform]:
    async with Platform(tmp_path, deploy=Path(__file__).parents[2] / "deploy") as platform:
        yield platform


@pytest.fixture
async def reporting(platform: Platform) -> App:
    return await platform.start("norrby", "reporting")

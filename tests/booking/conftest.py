"""Booking, running alone: in the organisation `norrby`, with `agency` as a stranger that may have a part."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from shared.testing.apps import App, Platform


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncGenerator[Platform]:
    async with Platform(tmp_path, deploy=Path(__file__).parents[2] / "deploy") as platform:
        yield platform


@pytest.fixture
async def booking(platform: Platform) -> App:
    return await platform.start("norrby", "booking")

"""Referral as home in `bengtsfors`; `agency` is another organisation that has a referral service."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.testing.apps import FIVE, App, Platform
from shared.testing.homes import Home

ORGANISATIONS = {"bengtsfors": FIVE, "agency": ("referral", "booking")}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncGenerator[Platform]:
    deploy = Path(__file__).parents[2] / "deploy"
    async with Platform(tmp_path, deploy=deploy, organisations=ORGANISATIONS) as platform:
        yield platform


@pytest.fixture
async def referral(platform: Platform) -> App:
    return await platform.start("bengtsfors", "referral")


@pytest.fixture
async def home(platform: Platform, referral: App) -> Home:
    return Home(platform, referral, "bengtsfors/income-support")


@pytest.fixture(params=["sqlite", "postgresql"])
async def either(request: pytest.FixtureRequest, platform: Platform) -> App:
    """On SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        return await platform.start("bengtsfors", "referral")
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    settings: dict[str, Any] = {"database_url": SecretStr(new_database())}
    return await platform.start("bengtsfors", "referral", **settings)

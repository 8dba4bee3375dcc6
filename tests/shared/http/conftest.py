"""The service of things, in the organisation `norrby`, on SQLite or on both databases."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.testing.apps import Platform
from shared.testing.things import Row, Things


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncGenerator[Platform]:
    async with Platform(tmp_path, deploy=Path(__file__).parents[3] / "deploy") as platform:
        yield platform


@pytest.fixture
async def things(platform: Platform) -> Things:
    return await start(platform)


@pytest.fixture(params=["sqlite", "postgresql"])
async def either(request: pytest.FixtureRequest, platform: Platform) -> Things:
    """On SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        return await start(platform)
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return await start(platform, database_url=SecretStr(new_database()))


async def start(platform: Platform, **settings: Any) -> Things:
    things = Things()
    things.app = await platform.start("norrby", "booking", create=things.create, **settings)
    async with things.app.here.database.engine.begin() as connection:
        await connection.run_sync(Row.metadata.create_all)
    return things

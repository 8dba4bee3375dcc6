"""Consent of the organisation `norrby`; a releaser beside it and one in `agency`, with which the secrecy is lifted."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.testing.apps import Platform
from shared.testing.waivers import Town, settle


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Callable[[], dict[str, Any]]:
    """Settings for one more database of the kind under test."""
    if request.param == "sqlite":
        return dict
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return lambda: {"database_url": SecretStr(new_database())}


@pytest.fixture
async def town(tmp_path: Path) -> AsyncGenerator[Town]:
    """On SQLite."""
    async with Platform(tmp_path, deploy=Path(__file__).parents[2] / "deploy") as platform:
        yield await settle(platform, dict)


@pytest.fixture
async def either_town(tmp_path: Path, database: Callable[[], dict[str, Any]]) -> AsyncGenerator[Town]:
    """On SQLite, then on PostgreSQL."""
    async with Platform(tmp_path, deploy=Path(__file__).parents[2] / "deploy") as platform:
        yield await settle(platform, database)

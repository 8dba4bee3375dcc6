"""A releaser of `norrby`, on both databases, whose consent service says what the test wants."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.testing.apps import Platform
from shared.testing.releasing import Releaser, Side, knows


@pytest.fixture(params=["sqlite", "postgresql"])
async def side(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Side]:
    settings: dict[str, Any] = {}
    if request.param == "postgresql":
        settings["database_url"] = SecretStr(request.getfixturevalue("new_database")())
    async with Platform(tmp_path, deploy=Path(__file__).parents[3] / "deploy") as platform:
        releaser = Releaser()
        app = await platform.start("norrby", "booking", create=releaser.create, **settings)
        await platform.start("norrby", "consent", create=Releaser().create)
        side = Side(platform, app, releaser, await knows(app.here))
        platform.network.delivery = side.consent
        yield side

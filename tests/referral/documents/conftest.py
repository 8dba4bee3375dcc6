"""An area whose social services send booking documents."""

import shutil
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.testing.apps import FIVE, App, Platform
from shared.testing.sending import Sender

ROOT = Path(__file__).parents[3]


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    """The deployed files, with the pathways of these tests beside them."""
    made = tmp_path / "deploy"
    shutil.copytree(ROOT / "deploy", made)
    shutil.copytree(Path(__file__).parent / "pathways", made / "pathways", dirs_exist_ok=True)
    return made


@pytest.fixture
async def platform(tmp_path: Path, deploy: Path) -> AsyncGenerator[Platform]:
    async with Platform(tmp_path / "data", deploy=deploy, organisations={"norrby": FIVE}) as platform:
        yield platform


@pytest.fixture
async def referral(platform: Platform) -> App:
    return await platform.start("norrby", "referral")


@pytest.fixture
def sender(referral: App) -> Sender:
    return Sender.of(referral)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """On SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        return {}
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return {"database_url": SecretStr(new_database())}

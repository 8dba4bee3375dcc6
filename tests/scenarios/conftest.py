"""Two organisations with the deployed files and the scenarios' own pathways beside them."""

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from shared.testing.apps import FIVE, Platform
from shared.testing.two import Two

ROOT = Path(__file__).parents[2]


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    """The deployed files, with the scenarios' own pathways beside them."""
    made = tmp_path / "deploy"
    shutil.copytree(ROOT / "deploy", made)
    shutil.copytree(ROOT / "tests" / "scenarios" / "pathways", made / "pathways", dirs_exist_ok=True)
    return made


@pytest.fixture
async def two(tmp_path: Path, deploy: Path) -> AsyncGenerator[Two]:
    organisations = {"norrby": FIVE, "granholm": ("booking",)}
    async with Platform(tmp_path, deploy=deploy, organisations=organisations) as platform:
        yield await both(platform)


@pytest.fixture
async def apart(tmp_path: Path, deploy: Path) -> AsyncGenerator[Platform]:
    """Granholm is registered for all five services, so that it may tell as any of its own. Nothing runs yet."""
    async with Platform(tmp_path, deploy=deploy, organisations={"norrby": FIVE, "granholm": FIVE}) as platform:
        yield platform


@pytest.fixture
async def beside(apart: Platform) -> Two:
    """As `two`, beside a granholm that may tell as any service."""
    return await both(apart)


async def both(platform: Platform) -> Two:
    await platform.start("norrby", "assessment")
    return Two(
        platform,
        referral=await platform.start("norrby", "referral"),
        consent=await platform.start("norrby", "consent"),
        booking=await platform.start("norrby", "booking"),
        reporting=await platform.start("norrby", "reporting"),
        theirs=await platform.start("granholm", "booking"),
    )

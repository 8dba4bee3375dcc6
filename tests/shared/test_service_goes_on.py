"""A service one of whose parts ends: the part is begun again, and the others never notice."""

import asyncio
from pathlib import Path

from fastapi import FastAPI

from booking.api import router
from booking.app import API
from shared.here import Here
from shared.service import create_service
from shared.settings import Settings
from shared.subscriptions import Subscriptions
from shared.testing.apps import Platform

DEPLOY = Path(__file__).parents[2] / "deploy"


async def test_a_part_that_ends_or_breaks_is_begun_again(tmp_path: Path) -> None:
    runs, thrice = 0, asyncio.Event()

    async def breaks(_: Here) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise RuntimeError
        if runs == 3:
            thrice.set()

    def create(settings: Settings) -> FastAPI:
        return create_service(settings, API, router, Subscriptions(), works=[breaks])

    async with Platform(tmp_path, deploy=DEPLOY, organisations={"norrby": ["booking"]}) as platform:
        app = await platform.start("norrby", "booking", create=create)
        async with asyncio.timeout(30):
            await thrice.wait()
        assert (await app.as_nobody().get("http://samspar/flowz")).status_code == 200

"""A service that is told to stop ends, whatever its parts are in the middle of."""

import asyncio
import time
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


begun = asyncio.Event()


async def deaf(_: Here) -> None:
    """As a part whose database makes an error of its own out of the first cancellations."""
    heard = 0
    begun.set()
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            heard += 1
            if heard > 2:
                raise


def create(settings: Settings) -> FastAPI:
    return create_service(settings, API, router, Subscriptions(), works=[deaf])


async def test_a_part_that_misses_its_cancellation_is_told_again(tmp_path: Path) -> None:
    async with Platform(tmp_path, deploy=DEPLOY, organisations={"norrby": ["booking"]}) as platform:
        app = await platform.start("norrby", "booking", create=create)
        assert (await app.as_nobody().get("/livez")).status_code == 200
        await asyncio.wait_for(begun.wait(), 5)
        started = time.monotonic()
    assert time.monotonic() - started < 10

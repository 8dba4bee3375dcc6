"""S3: one referral at a time on an idle platform: from its answer until booking has stored its request, two hops away.

Of the lean reference the same: from the commit of its event row.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx

from . import lean
from .contestants import CONTESTANTS
from .deployed import deploy, running
from .ground import Ground
from .intakes import body
from .plain import connected

PAUSE = 0.05
"""Seconds between two, so that each finds all at rest."""
WARM = 5


async def of_platform(ground: Ground, count: int, traces: str) -> list[float]:
    """Milliseconds."""
    deployment = await deploy(ground)
    async with running(deployment, traces=traces), httpx.AsyncClient(trust_env=False) as client:
        url = f"{deployment.url('referral')}/referral/v1/referrals"

        async def post(n: int) -> None:
            said, key = body(n)
            headers = deployment.bearer("referral") | {"Idempotency-Key": key}
            answer = await client.post(url, json=said, headers=headers)
            assert answer.status_code == 201, answer.text

        return await _each(deployment.databases["booking"], post, count)


async def of_lean(ground: Ground, count: int, traces: str) -> list[float]:
    """Milliseconds."""
    async with CONTESTANTS["lean"](ground, traces) as at_work:
        connection = await connected(at_work.databases["referral"])

        async def tell(_: int) -> None:
            async with lean.fill(connection, ["referral.received"], [uuid4()]):
                pass

        found = await _each(at_work.databases["booking"], tell, count)
        await connection.close()
    return found


async def _each(database: str, begin: Callable[[int], Awaitable[Any]], count: int) -> list[float]:
    connection = await connected(database)
    took: list[float] = []
    for n in range(WARM + count):
        await begin(n)
        began = time.perf_counter()
        async with asyncio.timeout(20):
            while await connection.fetchval("SELECT count(*) FROM inbox") <= n:  # noqa: ASYNC110 -- another process's row
                await asyncio.sleep(0.001)
        took.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(PAUSE)
    await connection.close()
    return took[WARM:]

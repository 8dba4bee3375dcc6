"""Withdrawals against releases, fifty ways: whatever comes first, the numbers alone show that the promise held."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select, text

from shared.releases.tables import receipt
from shared.tasks import TaskRequest
from shared.testing.apps import App
from shared.testing.releasing import PHONE, receipts
from shared.testing.waivers import Town

ROUNDS = 50
SIDE_BY_SIDE = 5


async def rows(app: App, sql: str) -> list[Any]:
    async with app.here.database.reading() as connection:
        return [tuple(row) for row in await connection.execute(text(sql))]


async def broken(town: Town) -> list[str]:
    """What breaks the promise (I10), from ids and numbers alone; no clock is asked."""
    bases = await rows(town.consent, "SELECT id, status, COALESCE(ended_number, 1000000) FROM basis")
    given = await rows(town.consent, "SELECT id, basis_id, number, status FROM permit")
    real = await rows(town.releaser, "SELECT release_id, basis, permit FROM receipt WHERE NOT void")
    ended = {basis: number for basis, _, number in bases}
    over = {basis for basis, status, _ in bases if status == "withdrawn"}
    permits = {release: (basis, number) for release, basis, number, _ in given}
    released = {release for release, _, _, status in given if status == "released"}
    return [
        *(f"permit {n} after the withdrawal" for _, basis, n, _ in given if n >= ended[basis]),
        *(f"permit {n} open after the acknowledgement" for _, b, n, status in given if b in over and status == "open"),
        *(f"receipt {n} after the withdrawal" for _, basis, n in real if n >= ended[basis]),
        *(f"receipt {n} of no such permit" for release, b, n in real if permits.get(release) != (b, n)),
        *(f"receipt {n} unknown when acknowledged" for release, b, n in real if b in over and release not in released),
    ]


async def test_fifty_ways(either_town: Town):
    town, chance = either_town, random.Random(20261102)
    outcomes: Counter[str] = Counter()

    async def slow(call: httpx.Request, deliver: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        await asyncio.sleep(chance.choice([0, 0, 0.01]))
        answer = await deliver()
        await asyncio.sleep(chance.choice([0, 0.05, 0.6]) if call.url.path.endswith("/permits") else 0)
        return answer

    town.platform.network.delivery = slow
    town.releasing.inside = lambda: asyncio.sleep(chance.choice([0, 0, 0.005, 0.02]))

    async def release(request: TaskRequest) -> httpx.Response:
        await asyncio.sleep(chance.uniform(0, 0.05))
        return await town.release(request.person_id)

    async def withdraw(request: TaskRequest) -> list[UUID]:
        await asyncio.sleep(chance.uniform(0, 0.15))
        assert (await town.say(request, "withdrawals")).status_code == 202
        await town.becomes(request, "withdrawn", seconds=20)
        return await real(request)

    async def real(request: TaskRequest) -> list[UUID]:
        query = select(receipt.c.release_id).where(receipt.c.basis == request.play)
        async with town.releaser.here.database.reading() as connection:
            return list(await connection.scalars(query.order_by(receipt.c.release_id)))

    async def play() -> None:
        request = await town.given()
        *answers, acknowledged = await asyncio.gather(release(request), release(request), withdraw(request))
        assert await real(request) == acknowledged, "a receipt came after the acknowledgement"
        for answer in answers:
            outcomes[answer.json().get("code", "released")] += 1
            assert (PHONE in answer.text) is (answer.status_code == 201)

    for _ in range(ROUNDS // SIDE_BY_SIDE):
        await asyncio.gather(*(play() for _ in range(SIDE_BY_SIDE)))
    assert await broken(town) == []
    assert outcomes["released"] == len(await receipts(town.releaser, void=False))
    late = {"platform/permit-unknown"}  # a busy machine: the permit took more than two seconds, so nothing was released
    assert set(outcomes) - late == {"released", "consent/no-basis", "consent/fenced"}, outcomes

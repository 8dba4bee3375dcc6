"""S4, S5: authenticated, validated, idempotent, encrypted, traced POST /referrals beside the bare intake.

Only the referral service runs, as deployed: its relay and its inbox work on what was posted in the same process.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from shared.testing.servers import free_port

from . import intake
from .deployed import PATHWAY, Deployment, deploy, flows
from .filling import CONTACT
from .ground import Ground, processes, until
from .load import Load, post
from .plain import connected
from .usage import Usage, measured

WARM = 1.0


def body(number: int) -> tuple[dict[str, Any], str]:
    """A referral of somebody new."""
    identity = {"type": "reserve", "value": f"BENCH{number:08}"}
    said = {"pathway": PATHWAY, "door": "referral", "person": {"identity": identity, "contact": CONTACT}}
    return said, f"bench-{number}"


async def one_round(ground: Ground, seconds: float, traces: str) -> dict[str, tuple[Load, Usage]]:
    """Each intake under the same load, one after the other."""
    found: dict[str, tuple[Load, Usage]] = {}
    async with _bare(ground) as (url, pid):
        found["bare"] = await _loaded(ground, f"{url}/referrals", {}, pid, seconds)
    for name, endpoint in (("samspar", traces), ("samspar-untraced", None)):
        deployment = await deploy(ground)
        async with _referral(deployment, endpoint) as pid:
            url = f"{deployment.url('referral')}/referral/v1/referrals"
            found[name] = await _loaded(ground, url, deployment.bearer("referral"), pid, seconds)
    return found


async def _loaded(ground: Ground, url: str, headers: dict[str, str], pid: int, seconds: float) -> tuple[Load, Usage]:
    await post(url, headers, body, first=0, seconds=WARM)
    with measured({"intake": pid, **ground.pids}) as usage:
        load = await post(url, headers, body, first=10_000_000, seconds=seconds)
    return load, usage


@asynccontextmanager
async def _bare(ground: Ground) -> AsyncGenerator[tuple[str, int]]:
    async def make(url: str) -> None:
        connection = await connected(url)
        await connection.execute(intake.SCHEMA)
        await connection.close()

    await ground.template("made_intake", make)
    database, port = await ground.copied("intake", "made_intake"), free_port()
    told = {"intake": {"BENCH_DATABASE": database, "BENCH_BROKER": ""}}
    async with (
        processes({"intake": ["-m", "bench.intake", str(port)]}, ground.directory, told) as pids,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        url = f"http://127.0.0.1:{port}"
        await until(lambda: answers(client, f"{url}/openapi.json"), "the bare intake")
        yield url, pids["intake"]


@asynccontextmanager
async def _referral(deployment: Deployment, traces: str | None) -> AsyncGenerator[int]:
    command = {"referral": ["-m", "shared.cli", "up", "referral", "--while-stdin"]}
    told = {"referral": deployment.environment("referral", traces)}
    async with (
        processes(command, deployment.ground.directory, told) as pids,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        await until(lambda: flows(client, deployment.url("referral")), "referral at work")
        yield pids["referral"]


async def answers(client: httpx.AsyncClient, url: str) -> bool:
    """Whether it is there."""
    try:
        return (await client.get(url)).is_success
    except httpx.TransportError:
        return False

"""S10: how soon a service is there, and how much memory it holds at rest; the same of the embedded platform."""

import asyncio
import shutil
import time

import httpx

from .deployed import ORGANISATION, deploy
from .ground import SERVICES, Ground, processes, until
from .intakes import answers
from .usage import resident

REST = 3.0
EMBEDDED = "embedded"


async def one_round(ground: Ground) -> dict[str, tuple[float, float]]:
    """By service, and for the embedded platform: seconds until it serves HTTP, MiB resident a little later."""
    deployment = await deploy(ground)
    found: dict[str, tuple[float, float]] = {}
    for name in SERVICES:
        command = {name: ["-m", "shared.cli", "up", name, "--while-stdin"]}
        told = {name: deployment.environment(name, None)}
        found[name] = await _one(ground, command, told, [f"{deployment.url(name)}/readyz"])
    data = ground.directory / EMBEDDED
    shutil.rmtree(data, ignore_errors=True)
    environment = {
        "SAMSPAR_ORGANISATION": ORGANISATION,
        "SAMSPAR_DATA": str(data),
        "SAMSPAR_PARTIES": str(deployment.directory / "parties"),
        "SAMSPAR_PATHWAYS": str(deployment.directory / "pathways"),
    }
    command = {EMBEDDED: ["-m", "shared.cli", "up", "--while-stdin"]}
    urls = [f"{deployment.url(name)}/readyz" for name in SERVICES]
    found[EMBEDDED] = await _one(ground, command, {EMBEDDED: environment}, urls)
    return found


async def _one(
    ground: Ground, command: dict[str, list[str]], told: dict[str, dict[str, str]], urls: list[str]
) -> tuple[float, float]:
    began = time.perf_counter()
    async with processes(command, ground.directory, told) as pids, httpx.AsyncClient(trust_env=False) as client:
        for url in urls:
            await until(lambda url=url: answers(client, url), url)
        started = time.perf_counter() - began
        await asyncio.sleep(REST)
        (pid,) = pids.values()
        return started, resident(pid)

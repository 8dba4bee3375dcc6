"""The demo on RabbitMQ and PostgreSQL as a place to ask: its five processes, and what its dozen people left."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from shared.demo.world import ISSUER
from shared.issuer import PRIVATE_FILE, Signer, kept_key
from shared.testing.servers import Postgres, RabbitMQ, free_port

from .world import HOME, ROOT, Place

PATIENCE = 240


@asynccontextmanager
async def on_servers(directory: Path) -> AsyncGenerator[Place]:
    """Servers of its own, gone afterwards."""
    with Postgres() as postgres, RabbitMQ() as rabbitmq, rabbitmq.vhost() as vhost:
        servers = ("--broker", vhost.url, "--database", postgres.url.rpartition("/")[0])
        where = ("--script", ROOT / "examples/bengtsfors/people.yaml", "--deploy", ROOT / "deploy")
        options = [*servers, *where, "--data", directory / "demo", "--port", free_port()]
        with (directory / "said").open("wb") as said:
            command = [sys.executable, "-m", "shared.cli", "demo", *map(str, options)]
            demo = await asyncio.create_subprocess_exec(*command, cwd=directory, stdout=said, stderr=said)
        try:
            async with asyncio.timeout(PATIENCE):
                while b"stay up" not in (directory / "said").read_bytes():
                    assert demo.returncode is None, (directory / "said").read_text(encoding="utf-8")
                    await asyncio.sleep(0.5)
            (known,) = (directory / "demo").rglob("run.json")
            ports: dict[str, int] = json.loads(known.read_bytes())["ports"]
            urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
            place = Place(urls, {HOME: Signer(ISSUER, kept_key(known.with_name(PRIVATE_FILE)))})
            await place.look()
            yield place
        finally:
            if demo.returncode is None:
                demo.terminate()
                await demo.wait()

"""The demo on RabbitMQ and PostgreSQL gives the tables of the embedded one, whatever is killed while it plays."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from shared.testing.servers import Postgres, RabbitMQ, Vhost, free_port

ROOT = Path(__file__).parents[2]
NAMES = ("bengtsfors", "trollhattan")
EXPECTED = {
    name: json.loads((Path(__file__).parent / f"{name}-table.json").read_text(encoding="utf-8")) for name in NAMES
}
PAUSE = (3.0, 6.0)  # seconds between two kills: long enough for the demo to get further


@pytest.mark.timeout(300)
def test_services_database_and_broker_are_killed_and_the_tables_are_the_same(
    postgres: Postgres, rabbitmq: RabbitMQ, vhost: Vhost, tmp_path: Path
):
    postgres.start()
    data = tmp_path / "demo"
    servers = ("--broker", vhost.url, "--database", postgres.url.rpartition("/")[0])
    scripts = [part for name in NAMES for part in ("--script", ROOT / f"examples/{name}/people.yaml")]
    where = (*scripts, "--deploy", ROOT / "deploy", "--data", data)
    options = (*servers, *where, "--port", free_port(), "--exit", "--json")
    command = [sys.executable, "-m", "shared.cli", "demo", *map(str, options)]
    with (tmp_path / "table.json").open("wb") as table, (tmp_path / "said").open("wb") as said:
        demo = subprocess.Popen(command, cwd=tmp_path, stdout=table, stderr=said)
    killed: list[str] = []
    try:
        _wait_until(lambda: _plays(data), demo)
        for kill in _kills(demo, postgres, rabbitmq):
            time.sleep(random.uniform(*PAUSE))
            if demo.poll() is None:
                killed.append(kill())
        demo.wait(200)
    finally:
        demo.terminate()
        demo.wait(20)
        postgres.start()
        rabbitmq.start()
    assert demo.returncode == 0, (killed, (tmp_path / "said").read_text()[-2000:])
    assert json.loads((tmp_path / "table.json").read_bytes()) == EXPECTED, killed
    assert {"PostgreSQL", "RabbitMQ"} < set(killed)


def _plays(data: Path) -> bool:
    """The topologies were applied and have settled: from here on anything may be killed."""
    runs = [data / name / "run.json" for name in NAMES]
    return all(run.exists() and json.loads(run.read_bytes())["going"] for run in runs)


def _wait_until(true: Callable[[], bool], demo: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + 90
    while not true():
        assert demo.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)


def _kills(demo: subprocess.Popen[Any], postgres: Postgres, rabbitmq: RabbitMQ) -> list[Callable[[], str]]:
    """Each server once and three services, in any order; a server is there again half a second later."""

    def service() -> str:
        running = [each for each in psutil.Process(demo.pid).children() if "up" in each.cmdline()]
        if not running:
            return "nobody"
        chosen = random.choice(running)
        name = chosen.cmdline()[-2]
        chosen.kill()
        return name

    def server(name: str, which: Postgres | RabbitMQ) -> Callable[[], str]:
        def kill() -> str:
            which.kill()
            time.sleep(0.5)
            which.start()
            return name

        return kill

    kills = [service, service, service, server("PostgreSQL", postgres), server("RabbitMQ", rabbitmq)]
    return random.sample(kills, len(kills))

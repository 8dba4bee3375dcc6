"""Asks all five APIs what nobody would: `python -m fuzz [--seconds 600] [--servers] [--only booking]`, as `make fuzz`.

Exits with 1 where anything failed; what did stands in the directory that it names last, a report for each service.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from shared.logs import logs
from shared.loop import run
from shared.testing.apps import FIVE

from .on_servers import on_servers
from .world import Place, embedded

HERE = Path(__file__).parent
PLACE = "place.json"
FRESH = 120
"""Seconds after which tokens are made anew."""


@dataclass
class Asked:
    """How often one service was asked: operation -> successes, status -> answers, kind of failure -> how often."""

    service: str
    code: int
    operations: Counter[str] = field(default_factory=Counter[str])
    statuses: Counter[str] = field(default_factory=Counter[str])
    failures: Counter[str] = field(default_factory=Counter[str])


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="in all; each service gets its share")
    parser.add_argument("--servers", action="store_true", help="on RabbitMQ and PostgreSQL, after the demo was played")
    parser.add_argument("--only", default=",".join(FIVE), help="services, with commas")
    parser.add_argument("--examples", type=int, help="so many requests an operation, always the same, and no more")
    parser.add_argument("--seed", type=int, help="of what is asked")
    parser.add_argument("--many", type=int, default=40, help="things of each kind to ask about")
    parser.add_argument("--directory", type=Path, help="for reports; a new one if left out")
    return parser.parse_args()


async def fuzz(chosen: argparse.Namespace, directory: Path) -> int:
    data = Path(mkdtemp(prefix="world-", dir=directory))
    world = on_servers(data) if chosen.servers else embedded(data, many=chosen.many)
    services = chosen.only.split(",")
    async with world as place:
        place.write(directory / PLACE)
        fresh = asyncio.create_task(_refresh(place, directory / PLACE))
        found = [
            await _ask(place, name, directory, chosen, seconds=chosen.seconds // len(services)) for name in services
        ]
        fresh.cancel()
    for each in found:
        _say(each)
    print(f"reports: {directory}")
    return int(any(each.code or each.failures for each in found))


async def _refresh(place: Place, file: Path) -> None:
    while True:
        await asyncio.sleep(FRESH)
        await place.look()
        place.write(file)


async def _ask(place: Place, service: str, directory: Path, chosen: argparse.Namespace, *, seconds: int) -> Asked:
    report, url = directory / f"{service}.json", place.urls[service]
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"]
    command += [f"{url}/{service}/v1/openapi.json", "--url", url, "--report-json-path", str(report)]
    if chosen.examples:
        command += [
            "--phases",
            "examples,fuzzing",
            "--max-examples",
            str(chosen.examples),
            "--generation-deterministic",
        ]
    else:
        command += ["--max-time", str(seconds)]
    command += ["--seed", str(chosen.seed)] if chosen.seed is not None else []
    path = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    told = {"FUZZ_PLACE": str(directory / PLACE), "FUZZ_SERVICE": service}
    told |= {"SCHEMATHESIS_HOOKS": "fuzz.hooks", "PYTHONPATH": path}
    with (directory / f"{service}.txt").open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=directory, env=os.environ | told, stdout=said, stderr=said
        )
        code = await process.wait()
    return _read(service, code, report)


def _read(service: str, code: int, report: Path) -> Asked:
    """What the run wrote; a run that wrote nothing failed as a whole."""
    asked = Asked(service, code)
    counted = report.with_name(f"{service}-counted.json")
    if not (report.exists() and report.stat().st_size and counted.exists()):
        asked.failures["no report"] += 1
        return asked
    for name, count in json.loads(counted.read_bytes()).items():
        if " * " not in name:
            asked.operations[name.rpartition(" ")[0]] += count if name[-3] == "2" else 0
        asked.statuses[name[-3:]] += count
    said: dict[str, Any] = json.loads(report.read_bytes())
    for failure in said["failures"]:
        asked.failures[f"{failure['title']}: {', '.join(failure['operations'])}"] += failure["count"]
    for error in said["errors"]:
        asked.failures[f"error: {error.get('title') or error}"] += 1
    return asked


def _say(asked: Asked) -> None:
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(asked.statuses.items()))
    print(f"{asked.service:11} {asked.statuses.total()} requests ({statuses})")
    if never := sorted(name for name, count in asked.operations.items() if not count):
        print(f"  never with success: {', '.join(never)}")
    for kind, count in asked.failures.most_common():
        print(f"  FAILED {count} × {kind}")


if __name__ == "__main__":
    logs(logging.ERROR)
    given = options()
    where: Path = (given.directory or Path(mkdtemp(prefix="samspar-fuzz-"))).resolve()
    where.mkdir(parents=True, exist_ok=True)
    sys.exit(run(fuzz(given, where)))

"""Measures how fast Samspår is: `python -m bench [--quick] [--only S1,S4] [--rounds 3]`, as `make bench ARGS=…` does.

Everything that is compared runs in one round after the other, so that a slow hour of the machine meets all of them.
"""

import argparse
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from shared.errors import Refused
from shared.loop import run
from shared.testing.servers import Postgres, RabbitMQ, free_port
from shared.testing.servers_process import private_directory, remove

from . import intakes, latency, machine, pipeline, relaying, rest
from .figures import Figure, percentile
from .ground import ROOT, SERVICES, Ground, processes, until
from .picture import svg
from .verdicts import Found, verdicts

ALL = ("S1", "S2", "S3", "S4", "S5", "S6", "S10")
RUNS = {
    "S1": ("samspar", "lean", "lean-bare", "lean-hasty"),
    "S2": ("samspar", "peer-sqlmodel", "peer-asyncpg"),
    "S5": ("samspar", "samspar-untraced"),
}
"""Who drains for which goal."""


class Bench:
    """One whole measurement."""

    def __init__(self, ground: Ground, options: argparse.Namespace, traces: str) -> None:
        self.ground = ground
        self.options = options
        self.traces = traces
        self.found = Found()
        self.runs: list[dict[str, Any]] = []
        self.spans: dict[str, int] = {}
        only = set(options.only.split(","))
        self.drains = list(dict.fromkeys(name for goal in RUNS if goal in only for name in RUNS[goal]))
        parts: dict[Callable[[], Awaitable[None]], set[str]] = {
            self._drain: {"S1", "S2", "S5"},
            self._idle: {"S3"},
            self._intake: {"S4", "S5"},
            self._relay: {"S6"},
            self._rest: {"S10"},
        }
        self.parts = [part for part, goals in parts.items() if goals & only]

    async def run(self, on: dict[str, Any]) -> None:
        """The result is written after each round, so that whoever ends it early has the rounds before."""
        for nth in range(self.options.rounds):
            print(f"round {nth + 1} of {self.options.rounds}", flush=True)
            for part in self.parts:
                await part()
            publish(self, on)

    async def _drain(self) -> None:
        for name in self.drains:
            traces = None if name == "samspar-untraced" else self.traces
            before = await counted(self.traces)
            contestant = name.removesuffix("-untraced")
            ran = await pipeline.drain(self.ground, contestant, self.options.referrals, traces=traces)
            self._add("facts", name, ran.rate)
            self._add("fact_cpu", name, sum(ran.cpu[service] for service in SERVICES) * 1e6 / ran.facts)
            self.runs.append({**ran.as_dict(), "contestant": name})
            print(f"  {name:18} {ran.rate:8.0f} facts/s   {dict(ran.cpu)}", flush=True)
            if name == "samspar":
                after = await counted(self.traces)
                self.spans = {kind: after[kind] - before.get(kind, 0) for kind in after}

    async def _idle(self) -> None:
        for name, of in (("samspar", latency.of_platform), ("lean", latency.of_lean)):
            took = await of(self.ground, self.options.singles, self.traces)
            self._add("idle_p50", name, percentile(took, 50))
            self._add("idle_p99", name, percentile(took, 99))
            print(f"  {name:18} {percentile(took, 50):8.1f} ms idle, p99 {percentile(took, 99):.1f}", flush=True)

    async def _intake(self) -> None:
        for name, (load, usage) in (await intakes.one_round(self.ground, self.options.seconds, self.traces)).items():
            self._add("requests", name, load.rate)
            self._add("request_p50", name, load.p50)
            self._add("request_cpu", name, usage.cpu["intake"] * 1e6 / load.requests)
            run = {"intake": name, "requests": load.requests, "p50": load.p50, "p99": load.p99, "cpuSeconds": usage.cpu}
            self.runs.append(run)
            print(f"  {name:18} {load.rate:8.0f} POST/s, p50 {load.p50:.1f} ms   {usage.cpu}", flush=True)

    async def _relay(self) -> None:
        relayed, bare = await relaying.one_round(self.ground, self.options.referrals * 10)
        self._add("relay", "relay", relayed)
        self._add("relay", "bare", bare)
        print(f"  {'relay':18} {relayed:8.0f} events/s, bare {bare:.0f}", flush=True)

    async def _rest(self) -> None:
        for name, (start, memory) in (await rest.one_round(self.ground)).items():
            self._add("start", name, start)
            self._add("memory", name, memory)
            print(f"  {name:18} {start:8.2f} s to start, {memory:.0f} MiB", flush=True)

    def _add(self, kind: str, name: str, value: float) -> None:
        getattr(self.found, kind).setdefault(name, []).append(value)

    def result(self, on: dict[str, Any]) -> dict[str, Any]:
        figures = {
            kind: {name: Figure.of(values).as_dict() for name, values in measured.items()}
            for kind, measured in asdict(self.found).items()
        }
        goals = [verdict.as_dict() for verdict in verdicts(self.found)]
        return {"machine": on, "goals": goals, "figures": figures, "spansOfLastRun": self.spans, "runs": self.runs}


async def counted(traces: str) -> dict[str, int]:
    """What the collector has counted so far."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(traces)).json()


@asynccontextmanager
async def collector(directory: Path) -> AsyncGenerator[str]:
    """An OTLP endpoint that counts."""
    port = free_port()
    async with processes({"sink": ["-m", "bench.sink", str(port)]}, directory, {}):
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(trust_env=False) as client:
            await until(lambda: intakes.answers(client, url), "the collector")
        yield url


async def measure(options: argparse.Namespace, work: Path) -> None:
    """On servers of its own, gone when it returns."""
    with Postgres(fsync=True) as postgres, RabbitMQ() as rabbitmq:
        ground = Ground(postgres, rabbitmq, work)
        async with collector(work) as traces:
            try:
                await Bench(ground, options, traces).run(machine.facts(ground))
            except (AssertionError, LookupError, OSError, Refused) as error:
                print(f"Ended early: {type(error).__name__}: {error}. The logs end with:")
                _show_logs(work)


def _show_logs(directory: Path) -> None:
    for log in sorted(directory.glob("*.log")):
        print(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}")


def publish(bench: Bench, on: dict[str, Any]) -> None:
    """The result as JSON, as a picture, and in words."""
    out: Path = bench.options.out
    out.mkdir(parents=True, exist_ok=True)
    judged = verdicts(bench.found)
    (out / "performance.json").write_text(json.dumps(bench.result(on), indent=1) + "\n", encoding="utf-8")
    (out / "performance.svg").write_text(svg(judged, machine.said(on)), encoding="utf-8")
    for verdict in judged:
        mark = "met   " if verdict.met else "MISSED"
        print(f"{verdict.goal:4} {mark} {verdict.title:40} {verdict.figure.said()}  goal {verdict.as_dict()['wanted']}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measures how fast Samspår is")
    parser.add_argument("--only", default=",".join(ALL), help="goals, with commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--referrals", type=int, default=400, help="in a drain")
    parser.add_argument("--singles", type=int, default=100, help="one at a time, for the idle latency")
    parser.add_argument("--seconds", type=float, default=8.0, help="of load on an intake")
    parser.add_argument("--quick", action="store_true", help="one small round: does it work at all?")
    parser.add_argument("--out", type=Path, default=ROOT / ".samspar" / "bench")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.referrals, options.singles, options.seconds = 1, 30, 10, 2.0
    return options


if __name__ == "__main__":
    chosen = _options()
    directory = private_directory("bench")
    try:
        run(measure(chosen, directory))
    finally:
        remove(directory)

"""Waiting until nothing moves any more, and what is in use then."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from bench.deployed import ORGANISATION
from bench.ground import SERVICES
from shared.testing.servers import ServerFailed

from .found import Found
from .stage import OPERATORS, Stage
from .wire import NoAnswer, Wire

LOOK = 0.25
COUNTS = ("unsent", "unread", "timersDue")
SESSIONS = 25
"""PostgreSQL sessions that one service may have: its pool, and its rights."""
LINES = 2
"""Connections of one service to the broker."""


class NeverQuiet(Exception):
    """Something still moves, or waits."""


def _in_words(still: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {said}" for name, said in still.items())


async def quiet(stage: Stage, *, within: float, tell: Callable[[str], None]) -> float:
    """Until all services say, twice alike, that all is well and nothing waits. Returns the seconds that it took.

    Raises `NeverQuiet`.
    """
    began = told_at = time.monotonic()
    before: list[int] | None = None
    with Wire() as wire:
        while True:
            seen = [await _flow(stage, wire, name) for name in SERVICES]
            busy = {name: said for name, flow in zip(SERVICES, seen, strict=True) if (said := _busy(flow))}
            told = None if busy else [flow["told"] for flow in seen]
            if told is not None and told == before:
                return time.monotonic() - began
            before = told
            if time.monotonic() - began > within:
                raise NeverQuiet(_in_words(busy) or "something is told all the time")
            if time.monotonic() - told_at > 10:
                told_at = time.monotonic()
                tell(f"waits for {_in_words(busy)}")
            await asyncio.sleep(LOOK)


async def _flow(stage: Stage, wire: Wire, service: str) -> dict[str, Any]:
    """What its operators see; nothing while it does not answer."""
    headers = {"Authorization": f"Bearer {stage.token(service, OPERATORS)}"}
    try:
        answer = await wire.ask(stage.deployment.ports[service], "GET", f"/{service}/v1/flow", headers)
    except NoAnswer:
        return {}
    return answer.said if answer.status == 200 else {}


def _busy(flow: Mapping[str, Any]) -> str:
    """Why a service is not at rest, in words; empty where it is."""
    if not flow:
        return "does not answer"
    counts = {name: flow.get(name) for name in COUNTS} | dict(flow.get("parked", {}))
    waits = [f"{name}={count}" for name, count in counts.items() if count]
    return " ".join([*(f"{name}: {fault}" for name, fault in flow["faults"].items()), *waits])


async def bounded(found: Found, *, within: float = 30.0) -> list[str]:
    """I9: queues are empty, and no service has more connections than a fresh one; the broker says so by and by."""
    until = time.monotonic() + within
    while (said := await _in_use(found)) and time.monotonic() < until:  # noqa: ASYNC110 -- asked of other processes
        await asyncio.sleep(0.5)
    return said


async def _in_use(found: Found) -> list[str]:
    said: list[str] = []
    for service in SERVICES:
        sessions = await found.value(
            service,
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        if sessions > SESSIONS:
            said.append(f"{service} has {sessions} sessions in PostgreSQL")
        try:
            queue = await asyncio.to_thread(found.queue, service)
        except ServerFailed as error:
            said.append(f"the queue of {service} is gone: {error}")
            continue
        said += [
            f"the queue of {service} has {queue[kind]} {kind}"
            for kind in ("messages_ready", "messages_unacknowledged")
            if queue.get(kind)
        ]
    broker = found.stage.ground.rabbitmq
    connections = await asyncio.to_thread(broker.manage, "GET", f"/vhosts/{ORGANISATION}/connections")
    if len(connections) > LINES * len(SERVICES):
        said.append(f"{len(connections)} connections to the broker")
    return said

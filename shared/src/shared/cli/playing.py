"""Shows a demo: progress while it plays, the table, and what is not well; then the services stay up."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shared.demo import processes
from shared.demo.clients import Clients
from shared.demo.driver import Driver, Reach
from shared.demo.making import Making
from shared.demo.rows import Row, rows
from shared.demo.table import drawn
from shared.demo.times import clock, day
from shared.demo.world import World
from shared.logs import logs
from shared.loop import run

from .scenes import next_steps, opening, scene
from .serving import Look, interrupted, move_clock, running

INTERRUPTED = 130


@dataclass(frozen=True)
class Play:
    """One organisation's part while it plays."""

    world: World
    clients: Clients
    reach: Reach
    making: Making


def show(worlds: Sequence[World], *, stay: bool, as_json: bool) -> None:
    """Exits with 130 where it was interrupted before the table, and with 1 where something got stuck."""
    logs(logging.ERROR)
    code = run(_show(worlds, Console(stderr=as_json), stay=stay, as_json=as_json))
    if code:
        raise typer.Exit(code)


async def _show(worlds: Sequence[World], console: Console, *, stay: bool, as_json: bool) -> int:
    stop = interrupted()
    console.print(opening(worlds), highlight=False)
    async with AsyncExitStack() as stack:
        plays = [await stack.enter_async_context(_begun(world)) for world in worlds]
        playing = asyncio.create_task(_play(plays, console, as_json=as_json))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            playing.cancel()
            console.print("Stopped. Run it again to go on.")
            return INTERRUPTED
        found, stuck = await playing
        shown = [(play.world, play.making, one) for play, one in zip(plays, found, strict=True)]
        for line in () if as_json else next_steps(shown, stay=stay):
            console.print(line, highlight=False, soft_wrap=True)
        if stay:
            await stopping
        stopping.cancel()
    return int(stuck)


@asynccontextmanager
async def _begun(world: World) -> AsyncGenerator[Play]:
    """Its services run until the block ends."""
    clients = Clients(world)
    try:
        async with _services(world, clients) as reach:
            yield Play(world, clients, reach, Making(world.script, clients))
    finally:
        await clients.close()


async def _play(plays: Sequence[Play], console: Console, *, as_json: bool) -> tuple[list[list[Row]], bool]:
    """All at once, since none knows of another. Returns whether anything got stuck, too."""
    columns = (TextColumn("{task.fields[clock]}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console, transient=True) as bar:
        driving = [asyncio.create_task(_drive(play, bar)) for play in plays]
        try:
            await asyncio.gather(*driving)
        finally:
            for task in driving:
                task.cancel()
    found = [await rows(play.world.script, play.making, play.clients) for play in plays]
    if as_json:
        organisations = [play.world.script.organisation for play in plays]
        told = {
            name: [row.model_dump(mode="json") for row in one] for name, one in zip(organisations, found, strict=True)
        }
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        scenes = [scene(play.world, play.making, one) for play, one in zip(plays, found, strict=True)]
        console.print(drawn(scenes))
    stuck = [said for play in plays for name in play.world.ports if (said := _stuck(name, await play.reach.look(name)))]
    for said in stuck:
        console.print(f"[bold white on red] STUCK [/] {said} Look at `samspar dead-letters list`.")
    for play in plays:
        play.world.finished()
    return found, bool(stuck)


async def _drive(play: Play, bar: Progress) -> None:
    task = bar.add_task("starting", total=None, clock="")

    def progress(done: int, of: int, at: datetime, what: str) -> None:
        bar.update(task, completed=done, total=of, description=what, clock=f"{day(at)} {clock(at)}")

    await Driver(play.world, play.making, play.reach, progress).play()


def _stuck(service: str, flow: dict[str, Any] | None) -> str:
    """What did not go through, of a service that has come to rest; empty where all is well."""
    if flow is None:
        return f"{service} stalls: its /flowz is red."
    counts = ", ".join(f"{count} {state}" for state, count in flow["parked"].items())
    return f"{service} holds parked events: {counts}." if counts else ""


@asynccontextmanager
async def _services(world: World, clients: Clients) -> AsyncGenerator[Reach]:
    """The services, and how the driver gets at them."""
    if world.elsewhere:
        yield Reach(clients.flow, clients.move_clock)
    elif world.embedded:
        world.began()
        async with running({name: world.settings(name) for name in world.ports}) as apps:
            looks = {name: Look(app) for name, app in apps.items()}
            yield Reach(lambda name: looks[name](), lambda name, to: move_clock(apps[name], to))
    else:
        async with processes.running(world):
            yield Reach(clients.flow, clients.move_clock)

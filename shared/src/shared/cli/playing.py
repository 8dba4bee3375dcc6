"""Shows a demo: progress while it plays, the table, and what is not well; then the services stay up."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shared.demo import processes
from shared.demo.clients import Clients
from shared.demo.driver import Driver, Reach
from shared.demo.rows import rows
from shared.demo.table import drawn
from shared.demo.times import clock, day
from shared.demo.world import World
from shared.logs import logs
from shared.loop import run

from .serving import Look, interrupted, move_clock, running

INTERRUPTED = 130


def show(world: World, *, stay: bool, as_json: bool) -> None:
    """Exits with 130 where it was interrupted before the table, and with 1 where something got stuck."""
    logs(logging.ERROR)
    code = run(_show(world, Console(stderr=as_json), stay=stay, as_json=as_json))
    if code:
        raise typer.Exit(code)


async def _show(world: World, console: Console, *, stay: bool, as_json: bool) -> int:
    stop = interrupted()
    clients = Clients(world)
    async with _services(world, clients) as reach:
        playing = asyncio.create_task(_play(world, clients, reach, console, as_json=as_json))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            playing.cancel()
            console.print("Stopped. Run it again to go on.")
            return INTERRUPTED
        driver, stuck = await playing
        if stay:
            if world.servers is None:
                person, known = next(iter(driver.cases.items()))
                console.print(f"Where {person} is: samspar where {known['case']}", highlight=False, soft_wrap=True)
            for name in world.ports:
                console.print(f"{name:11} {world.url(name)}/{name}/v1", highlight=False)
            console.print("The services stay up, at the demo's time. Ctrl-C ends.")
            await stopping
        stopping.cancel()
    await clients.close()
    return int(stuck)


async def _play(
    world: World, clients: Clients, reach: Reach, console: Console, *, as_json: bool
) -> tuple[Driver, bool]:
    """Returns whether anything got stuck, too."""
    columns = (TextColumn("{task.fields[clock]}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None, clock="")

        def progress(done: int, of: int, at: datetime, what: str) -> None:
            bar.update(task, completed=done, total=of, description=what, clock=f"{day(at)} {clock(at)}")

        driver = Driver(world, clients, reach, progress)
        await driver.play()
    found = await rows(world.script, driver.cases, clients)
    if as_json:
        told = [row.model_dump(mode="json") for row in found]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        console.print(drawn(found))
    stuck = [said for name in world.ports if (said := _stuck(name, await reach.look(name)))]
    for said in stuck:
        console.print(f"[bold white on red] STUCK [/] {said} Look at `samspar dead-letters list`.")
    world.finished()
    return driver, bool(stuck)


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
    elif world.servers is None:
        world.began()
        async with running({name: world.settings(name) for name in world.ports}) as apps:
            looks = {name: Look(app) for name, app in apps.items()}
            yield Reach(lambda name: looks[name](), lambda name, to: move_clock(apps[name], to))
    else:
        async with processes.running(world):
            yield Reach(clients.flow, clients.move_clock)

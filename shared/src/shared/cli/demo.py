"""The demo: one person after another goes through a real pathway, on whatever servers there are."""

import asyncio
import json
import logging
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shared.calendar import STOCKHOLM
from shared.demo import embedded, processes
from shared.demo.clients import Clients
from shared.demo.driver import Driver
from shared.demo.script import load
from shared.demo.table import drawn, rows
from shared.demo.world import Servers, World, open_world
from shared.errors import Invalid
from shared.logs import logs
from shared.loop import run

from .instance import remember


class HalfReal(Invalid):
    """A demo runs embedded, or on a broker and a database server."""


def demo(
    broker: Annotated[str | None, typer.Option(help="amqp://user:password@host; embedded if left out")] = None,
    database: Annotated[str | None, typer.Option(help="postgresql://user@host, the server")] = None,
    script: Annotated[Path, typer.Option(help="Who does what when")] = Path("examples/bengtsfors/people.yaml"),
    deploy: Annotated[Path, typer.Option(help="Parties and pathways")] = Path("deploy"),
    data: Annotated[Path, typer.Option(help="Directory for what the demo keeps")] = Path(".samspar/demo"),
    exit_: Annotated[bool, typer.Option("--exit", help="End after the table")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The table as JSON")] = False,
) -> None:
    """Play a dozen people through a pathway. Interrupted, it goes on where it was; finished, it starts afresh."""
    if (broker is None) != (database is None):
        raise HalfReal("Give both --broker and --database, or neither.")
    logs(logging.ERROR)
    servers = Servers(broker, database) if broker is not None and database is not None else None
    world = open_world(data, load(script), deploy, servers)
    remember(world.script.organisation, data, world.parties)
    run(_run(world, exit_=exit_, as_json=as_json))


async def _run(world: World, *, exit_: bool, as_json: bool) -> None:
    console = Console(stderr=as_json)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with _services(world):
        playing = asyncio.ensure_future(_play(world, console, as_json=as_json))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            playing.cancel()
            console.print("Stopped. Run it again to go on.")
            return
        stopping.cancel()
        await playing
        if not exit_:
            for name, port in world.ports.items():
                console.print(f"{name:11} http://127.0.0.1:{port}/{name}/v1")
            console.print("The services stay up, at the demo's time. Ctrl-C ends.")
            await stop.wait()


async def _play(world: World, console: Console, *, as_json: bool) -> None:
    clients = Clients(world)
    columns = (TextColumn("{task.fields[clock]}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None, clock="")

        def progress(done: int, of: int, at: datetime, what: str) -> None:
            clock = f"{at.astimezone(STOCKHOLM):%a %d %b %H:%M}"
            bar.update(task, completed=done, total=of, description=what, clock=clock)

        driver = Driver(world, clients, progress)
        await driver.play()
    found = await rows(world.script, driver.cases, clients)
    if as_json:
        typer.echo(json.dumps([row.as_json() for row in found], ensure_ascii=False, indent=1))
    else:
        console.print(drawn(found))
    await clients.close()
    world.finished()


@asynccontextmanager
async def _services(world: World) -> AsyncGenerator[None]:
    told = {name: world.settings(name) for name in world.ports}
    if world.servers is None:
        async with embedded.running(world.directory, told):
            yield
    else:
        async with processes.running(world):
            yield

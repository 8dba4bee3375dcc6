"""Run services: all embedded in one process, or any of them on real servers."""

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from pydantic import SecretStr

from shared.db import open_engine
from shared.demo.embedded import config, running
from shared.errors import Invalid
from shared.installed import names, service
from shared.issuer import DevelopmentIssuer
from shared.logs import logs
from shared.loop import run
from shared.migrate import migrate
from shared.parties import Parties

from .instance import remember

Organisation = Annotated[str, typer.Option(envvar="SAMSPAR_ORGANISATION", help="The organisation that runs them")]


class Incomplete(Invalid):
    """The services cannot be started like this."""


def up(
    services: Annotated[list[str] | None, typer.Argument(help="Which services; all, if none is named")] = None,
    organisation: Organisation = "bengtsfors",
    broker: Annotated[str | None, typer.Option(envvar="SAMSPAR_BROKER_URL", help="amqp://…")] = None,
    database: Annotated[str | None, typer.Option(envvar="SAMSPAR_DATABASE_URL", help="postgresql://…/name")] = None,
    data: Annotated[Path, typer.Option(envvar="SAMSPAR_DATA", help="Directory for what is kept")] = Path(".samspar/up"),
    parties: Annotated[Path, typer.Option(envvar="SAMSPAR_PARTIES")] = Path("deploy/parties"),
    pathways: Annotated[Path, typer.Option(envvar="SAMSPAR_PATHWAYS")] = Path("deploy/pathways"),
    host: Annotated[str, typer.Option(envvar="SAMSPAR_HOST")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(envvar="SAMSPAR_PORT", help="Only for one service")] = None,
    while_stdin: Annotated[bool, typer.Option("--while-stdin", hidden=True)] = False,
) -> None:
    """Start services and keep them up until Ctrl-C. Without a broker: SQLite and an in-process bus."""
    chosen = services or names()
    if broker is not None and len(chosen) != 1:
        raise Incomplete("On a broker name one service, and start one process for each.")
    if broker is not None and database is None:
        raise Incomplete("Give the service's database with --database.")
    if port is not None and len(chosen) != 1:
        raise Incomplete("A port is for one service; the parties' files have the addresses of all.")
    logs()
    if while_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    urls = Parties.load(parties)[organisation].urls
    told: dict[str, dict[str, Any]] = {
        name: {
            "organisation": organisation,
            "data": data,
            "parties": parties,
            "pathways": pathways,
            "host": host,
            "port": port or int(urls[name].rpartition(":")[2]),
        }
        for name in chosen
    }
    if broker is None:
        data.mkdir(parents=True, exist_ok=True)
        DevelopmentIssuer.open(data, broker_url="", database_url="sqlite://", host=host)
        remember(organisation, data, parties)
        run(_embedded(data, told))
        return
    assert database is not None
    real: dict[str, Any] = told[chosen[0]] | {"broker_url": SecretStr(broker), "database_url": SecretStr(database)}
    installed = service(chosen[0])
    uvicorn.Server(config(installed.create(installed.settings(**real)))).run()


def migrate_database(
    name: Annotated[str, typer.Argument(help="The service")],
    database: Annotated[str, typer.Option(envvar="SAMSPAR_DATABASE_URL", help="postgresql://…/name, as its owner")],
) -> None:
    """Bring a service's database to the newest schema: expand first, contract a release later."""
    service(name)

    async def work() -> None:
        engine = open_engine(database)
        await migrate(engine, name)
        await engine.dispose()

    run(work())
    typer.echo(f"The database of {name} is up to date.")


async def _embedded(data: Path, told: dict[str, dict[str, Any]]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(data, told):
        for name, settings in told.items():
            typer.echo(f"{name:11} http://{settings['host']}:{settings['port']}/{name}/v1")
        typer.echo("Ctrl-C ends.")
        await stop.wait()


def _end_with_stdin() -> None:
    """Whoever started this holds the other end: when it is gone, so is this."""
    while sys.stdin.buffer.read(1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)

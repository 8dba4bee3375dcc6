"""The demo: people go through real pathways of several organisations, on whatever servers there are."""

from contextlib import AbstractContextManager, ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.errors import Invalid

from .instance import remembered

if TYPE_CHECKING:
    from shared.demo.world import World

APART = 20
"""Between the first ports of two organisations."""


class NoScript(Invalid):
    """There is no script to play."""


class Elsewhere(StrEnum):
    """Services that somebody else starts: first what they are told is written, then they are played against."""

    PREPARE = "prepare"
    PLAY = "play"


def demo(
    broker: Annotated[str | None, typer.Option(help="amqp://user:password@host; embedded if left out")] = None,
    database: Annotated[str | None, typer.Option(help="postgresql://user@host, the server")] = None,
    elsewhere: Annotated[
        Elsewhere | None,
        typer.Option(help="Services started by somebody else: write to `told` in --data what they need, then play"),
    ] = None,
    script: Annotated[
        list[Path] | None,
        typer.Option(help="Who does what when, of one organisation; all under examples/ if left out"),
    ] = None,
    deploy: Annotated[Path, typer.Option(help="Parties and pathways")] = Path("deploy"),
    data: Annotated[Path, typer.Option(help="Directory for what the demo keeps")] = Path(".samspar/demo"),
    port: Annotated[
        int,
        typer.Option(help="Of the first service; the others follow, another organisation's 20 later, or what is free"),
    ] = 8101,
    exit_: Annotated[bool, typer.Option("--exit", help="End after the table")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The table as JSON")] = False,
) -> None:
    """Play people through pathways. Interrupted, it goes on where it was; finished, it starts afresh."""
    from shared.demo.folders import folders
    from shared.demo.owner import owned
    from shared.demo.script import load
    from shared.demo.world import open_elsewhere, open_world, servers

    from .playing import show

    on, scripts = servers(broker, database), [load(path) for path in script or _examples()]
    with ExitStack() as stack:
        stack.enter_context(owned(data))
        if elsewhere is not None:
            if len(scripts) != 1:
                raise NoScript("Name one with --script, for the one organisation whose services run elsewhere.")
            world = open_elsewhere(data, scripts[0], deploy, port)
            if elsewhere is Elsewhere.PLAY:
                show([world], stay=False, as_json=as_json)
            return
        worlds: list[World] = []
        for n, (folder, to_play) in enumerate(folders(data, scripts).items()):
            stack.enter_context(owned(folder))
            worlds.append(open_world(folder, to_play, deploy, on, port + n * APART))
        for world in reversed(worlds):  # a command that names none speaks to the first
            stack.enter_context(_remembered(world))
        show(worlds, stay=not exit_, as_json=as_json)


def _remembered(world: "World") -> AbstractContextManager[None]:
    where = (world.script.organisation, world.directory, world.parties, world.pathways)
    return remembered(*where, issuer=world.signer.name)


def _examples() -> list[Path]:
    """The scripts that lie nearest. Raises `NoScript`."""
    found = sorted(Path("examples").glob("*/people.yaml"))
    if not found:
        raise NoScript("Run it where examples/ is, or name one with --script.")
    return found

"""The demo: one person after another goes through a real pathway, on whatever servers there are."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shared.errors import Invalid

from .instance import remembered


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
    script: Annotated[Path | None, typer.Option(help="Who does what when; the first under examples/")] = None,
    deploy: Annotated[Path, typer.Option(help="Parties and pathways")] = Path("deploy"),
    data: Annotated[Path, typer.Option(help="Directory for what the demo keeps")] = Path(".samspar/demo"),
    port: Annotated[int, typer.Option(help="Of the first service; the others follow, or take what is free")] = 8101,
    exit_: Annotated[bool, typer.Option("--exit", help="End after the table")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The table as JSON")] = False,
) -> None:
    """Play a dozen people through a pathway. Interrupted, it goes on where it was; finished, it starts afresh."""
    from shared.demo.owner import owned
    from shared.demo.script import load
    from shared.demo.world import open_elsewhere, open_world, servers

    from .playing import show

    on, to_play = servers(broker, database), load(script or _first_example())
    with owned(data):
        if elsewhere is not None:
            world = open_elsewhere(data, to_play, deploy, port)
            if elsewhere is Elsewhere.PLAY:
                show(world, stay=False, as_json=as_json)
            return
        world = open_world(data, to_play, deploy, on, port)
        organisation, pathways = world.script.organisation, deploy / "pathways"
        with remembered(organisation, data, world.parties, pathways, issuer=world.signer.name):
            show(world, stay=not exit_, as_json=as_json)


def _first_example() -> Path:
    """The script that lies nearest. Raises `NoScript`."""
    found = sorted(Path("examples").glob("*/people.yaml"))
    if not found:
        raise NoScript("Run it where examples/ is, or name one with --script.")
    return found[0]

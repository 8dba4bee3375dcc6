"""Exchanges, queues and users on the broker, made and checked with an administrator's credentials."""

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.errors import Unavailable

from .instance import Json
from .parties import read_parties

if TYPE_CHECKING:
    from shared.broker.protocol import Topology

app = typer.Typer(help="Exchanges, queues and users on the broker.", no_args_is_help=True)

Broker = Annotated[str, typer.Option(envvar="SAMSPAR_BROKER_URL", help="amqp://administrator:password@host/vhost")]
Management = Annotated[
    str | None,
    typer.Option(
        envvar="SAMSPAR_MANAGEMENT_URL", help="http://administrator:password@host:15672, for users and stray bindings"
    ),
]
Directory = Annotated[Path, typer.Option("--parties", envvar="SAMSPAR_PARTIES", help="Who takes part")]
PARTIES = Path("deploy/parties")


@app.command()
def apply(
    broker: Broker,
    management: Management = None,
    parties: Directory = PARTIES,
    passwords: Annotated[
        Path | None, typer.Option(help="A JSON file of user and password; those it lacks are made up and added")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the broker what it shall be, for all organisations. Safe to run again at any time."""
    from shared import topology

    wanted = _wanted(parties)
    said = _done(lambda: topology.apply(broker, wanted, management_url=management, passwords=passwords))
    _tell("changed", said, "Nothing had to be changed.", as_json=as_json)


@app.command()
def check(broker: Broker, management: Management = None, parties: Directory = PARTIES, as_json: Json = False) -> None:
    """What on the broker is not as it shall be; changes nothing. Exits with 1 if anything is."""
    from shared import topology

    wanted = _wanted(parties)
    said = _done(lambda: topology.check(broker, wanted, management_url=management))
    _tell("wrong", said, "All is as it shall be.", as_json=as_json)
    unseen = 1 if management is None else 0
    if len(said) > unseen:
        raise typer.Exit(1)


def _wanted(directory: Path) -> "list[Topology]":
    """Of every organisation in the directory, with what the services installed here hear."""
    from shared import topology
    from shared.installed import bindings, names

    return topology.of_parties(read_parties(directory), {name: bindings(name) for name in names()})


def _done(work: Callable[[], Coroutine[Any, Any, list[str]]]) -> list[str]:
    from shared.broker.protocol import BrokerAway
    from shared.loop import run

    try:
        return run(work())
    except (BrokerAway, OSError) as error:
        raise Unavailable(
            "Start the broker, or correct --broker; it does not answer or does not let you in."
        ) from error


def _tell(word: str, said: list[str], otherwise: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({word: said}, ensure_ascii=False, indent=1))
        return
    for line in said or [otherwise]:
        typer.echo(line)

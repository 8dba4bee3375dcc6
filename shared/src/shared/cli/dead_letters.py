"""Dead letters, for those who run the services."""

import json
from typing import Annotated, Any

import typer

from .instance import Data, Json, Token, current

app = typer.Typer(help="Events that need a person.", no_args_is_help=True)

Service = Annotated[str, typer.Option(help="The service that holds it")]
Letter = Annotated[int, typer.Argument(help="Its number, from `list`")]
Reason = Annotated[str, typer.Option(help="A closed word for the audit, as `fixed-in-1-2`")]


@app.command("list")
def list_(service: Service = "", token: Token = None, data: Data = None, as_json: Json = False) -> None:
    """What is dead, in one service or in all."""
    here = current(data)
    found: list[dict[str, Any]] = []
    for name in [service] if service else here.services:
        found += [{"service": name, **item} for item in here.ask(name, "/dead-letters", token=token)["items"]]
    if as_json:
        typer.echo(json.dumps(found))
        return
    if not found:
        typer.echo("No dead letters.")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("Service", "Number", "Event", "Cause", "Attempts", "Last error", box=None)
    for each in found:
        row = (each["service"], each["id"], each["type"], each["cause"], each["attempts"], each["lastError"])
        table.add_row(*(str(value) for value in row))
    Console().print(table)


@app.command()
def show(letter: Letter, service: Service, token: Token = None, data: Data = None) -> None:
    """One of them, with its attributes; of its body only the names of the fields."""
    typer.echo(json.dumps(current(data).ask(service, f"/dead-letters/{letter}", token=token), indent=2))


@app.command()
def replay(letter: Letter, service: Service, reason: Reason, token: Token = None, data: Data = None) -> None:
    """Run it again, and then what stands behind it."""
    _resolve("replays", letter, service, reason, token, data)
    typer.echo("It is tried again now.")


@app.command()
def skip(letter: Letter, service: Service, reason: Reason, token: Token = None, data: Data = None) -> None:
    """Leave it undone, and let what stands behind it go on."""
    _resolve("skips", letter, service, reason, token, data)
    typer.echo("It is skipped.")


def _resolve(how: str, letter: int, service: str, reason: str, token: str | None, data: Any) -> None:
    from shared.ids import uuid7

    path = f"/dead-letters/{letter}/{how}"
    current(data).ask(service, path, token=token, body={"reason": reason}, key=str(uuid7()))

"""Dead letters, for those who run the services."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import typer

from shared.errors import Invalid

from . import letters_shown
from .instance import Data, Json, Token, current
from .letters_asked import (
    PAGE,
    Case,
    Cause,
    Event,
    Letter,
    Most,
    Note,
    Service,
    Since,
    Told,
    Type,
    Until,
    asked,
    everywhere,
    post,
    settled,
)

app = typer.Typer(help="Events that need a person.", no_args_is_help=True)

LETTERS = {
    "service": "Service",
    "id": "Number",
    "type": "Event",
    "source": "From",
    "state": "State",
    "cause": "Cause",
    "attempts": "Attempts",
    "lastError": "Last error",
}
OURS = {"service": "Service", "type": "Event", "receiver": "Receiver", "state": "State", "cause": "Cause"} | {
    "diedAt": "Died",
    "changedAt": "Changed",
}


class NotOne(Invalid):
    """It is not clear which dead letters are meant."""


@app.command("list")
def list_(
    service: Service = "",
    state: Annotated[list[str] | None, typer.Option(help="dead (if left out), failed, waiting or behind")] = None,
    cause: Cause = None,
    type_: Type = None,
    organisation: Told = None,
    event: Event = None,
    case: Case = None,
    since: Since = None,
    until: Until = None,
    limit: Most = PAGE,
    token: Token = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What is dead, in one service or in all; by --state also what is tried again, waits, or stands behind another."""
    which = asked(cause, type_, organisation, event, case, since, until)
    query = [*(("state", each) for each in state or ()), *which.items()]
    found = everywhere(current(data), service, "/dead-letters", query, token, limit)
    _print(found, LETTERS, "No dead letters.", as_json=as_json)


@app.command()
def show(letter: Letter, service: Service, token: Token = None, data: Data = None) -> None:
    """One of them, with its attributes; of its body only the names of the fields."""
    typer.echo(json.dumps(current(data).ask(service, f"/dead-letters/{letter}", token=token), indent=2))


@app.command()
def chain(
    case: Annotated[UUID, typer.Argument(help="The case, or what order is kept for instead")],
    service: Service = "",
    token: Token = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What is parked on a case, and behind what."""
    here = current(data)
    names = [service] if service else here.services
    said = {name: here.ask(name, f"/chains/{case}", token=token) for name in names}
    if as_json:
        typer.echo(json.dumps(said))
        return
    for name, each in said.items():
        if each["length"] or service:
            typer.echo("\n".join([f"{name}", *letters_shown.tree(each)]))
    if not service and not any(each["length"] for each in said.values()):
        typer.echo("Nothing is parked there.")


@app.command("dry-run")
def dry_run(letter: Letter, service: Service, token: Token = None, data: Data = None, as_json: Json = False) -> None:
    """What a replay would change, tell and set; it is taken back."""
    said = current(data).ask(service, f"/dead-letters/{letter}/dry-run", token=token)
    typer.echo(json.dumps(said) if as_json else "\n".join(letters_shown.changes(said)))


@app.command()
def replay(
    service: Service,
    reason: Annotated[str, typer.Option(help="repaired, upgraded, configured, sender-mended, basis-given, …")],
    letter: Annotated[int | None, typer.Argument(help="Its number; or say which by the options")] = None,
    note: Note = None,
    cause: Cause = None,
    type_: Type = None,
    organisation: Told = None,
    event: Event = None,
    case: Case = None,
    since: Since = None,
    until: Until = None,
    limit: Most = PAGE,
    token: Token = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Run one again, or all of an event, case, organisation, type, cause or time; then what stands behind them."""
    which = asked(cause, type_, organisation, event, case, since, until)
    if (letter is None) == (not which):
        raise NotOne("Give a number, or else at least one of the options that say which.")
    why: dict[str, Any] = {"reason": reason} | ({"note": note} if note else {})
    here = current(data)
    if letter is not None:
        said = post(here, service, f"/dead-letters/{letter}/replays", why, token)
    else:
        said = post(here, service, "/dead-letter-replays", why | which | {"limit": limit}, token)
    said = settled(here, service, said, token)
    if as_json:
        typer.echo(json.dumps(said))
        return
    still = f", {said['left']} still to be tried" if said["left"] else ""
    typer.echo(f"{said['queued']} queued: {said['ran']} ran, {said['parked']} parked again{still}.")


@app.command()
def skip(
    letter: Letter,
    service: Service,
    reason: Annotated[str, typer.Option(help="duplicate, superseded, told-by-mistake, done-by-hand, no-basis, …")],
    note: Note = None,
    token: Token = None,
    data: Data = None,
) -> None:
    """Leave it undone, and let what stands behind it go on. Whoever told it is told so."""
    why = {"reason": reason} | ({"note": note} if note else {})
    post(current(data), service, f"/dead-letters/{letter}/skips", why, token)
    typer.echo("It is skipped.")


@app.command()
def history(
    letter: Annotated[int | None, typer.Argument(help="Its number; all, if left out")] = None,
    service: Service = "",
    event: Event = None,
    case: Case = None,
    actor: Annotated[str | None, typer.Option(help="Who did it")] = None,
    since: Since = None,
    until: Until = None,
    limit: Most = PAGE,
    token: Token = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Who did what about dead letters, when and why, and what came of it."""
    which = asked(None, None, None, event, case, since, until) | ({"actor": actor} if actor else {})
    query = [*which.items(), *([("letter", letter)] if letter is not None else [])]
    found = everywhere(current(data), service, "/resolutions", query, token, limit)
    if as_json:
        typer.echo(json.dumps(found))
        return
    typer.echo("\n".join(map(letters_shown.line, found)) or "Nothing was done.")


@app.command()
def undelivered(
    service: Service = "", limit: Most = PAGE, token: Token = None, data: Data = None, as_json: Json = False
) -> None:
    """Events of ours that somebody could not take in, and what became of them there."""
    found = everywhere(current(data), service, "/undelivered", [], token, limit)
    _print(found, OURS, "Everything was taken in.", as_json=as_json)


def _print(found: Sequence[Mapping[str, Any]], columns: Mapping[str, str], none: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found))
    elif not found:
        typer.echo(none)
    else:
        letters_shown.table(columns, found)

"""How dead letters are asked for on the command line, and how a service is asked for them."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import typer

from . import letters_shown
from .instance import Instance

PATIENCE = 15.0
PAGE = 100

Service = Annotated[str, typer.Option(help="The service that holds it")]
Letter = Annotated[int, typer.Argument(help="Its number, from `list`")]
Note = Annotated[str | None, typer.Option(help="For operators alone; no person: no name, number or address")]
Case = Annotated[UUID | None, typer.Option(help="The case, or what order is kept for instead")]
Event = Annotated[UUID | None, typer.Option(help="The event's id")]
Told = Annotated[str | None, typer.Option(help="The organisation that told it")]
Type = Annotated[str | None, typer.Option("--type", help="As `meeting.booked.v1`")]
Cause = Annotated[str | None, typer.Option(help="sender, receiver, platform, schema, consent or waiting")]
Since = Annotated[datetime | None, typer.Option(help="Not before this time (UTC)")]
Until = Annotated[datetime | None, typer.Option(help="Before this time (UTC)")]
Most = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most")]


def asked(
    cause: str | None,
    type_: str | None,
    organisation: str | None,
    event: UUID | None,
    case: UUID | None,
    since: datetime | None,
    until: datetime | None,
) -> dict[str, Any]:
    """What narrows the letters, by its name over HTTP."""
    full = type_ and f"{letters_shown.PREFIX}{type_.removeprefix(letters_shown.PREFIX)}"
    said = {"cause": cause, "type": full, "organisation": organisation, "event": event, "case": case}
    times = {"since": since, "until": until}
    said |= {name: f"{value.isoformat()}Z" for name, value in times.items() if value is not None}
    return {name: str(value) for name, value in said.items() if value is not None}


def everywhere(
    here: Instance, service: str, path: str, query: Sequence[tuple[str, Any]], token: str | None, limit: int
) -> list[Mapping[str, Any]]:
    """The first rows of one service or of all, page by page."""
    found: list[Mapping[str, Any]] = []
    for name in [service] if service else here.services:
        cursor: list[tuple[str, Any]] | None = []
        rows: list[Any] = []
        while cursor is not None and len(rows) < limit:
            asked = urlencode([*query, ("limit", min(limit, PAGE)), *cursor])
            page = here.ask(name, f"{path}?{asked}", token=token)
            rows += page["items"]
            link: dict[str, str] | None = page["_links"].get("next")
            cursor = [("cursor", parse_qs(urlsplit(link["href"]).query)["cursor"][0])] if link else None
        found += [{"service": name, **row} for row in rows[:limit]]
    return found


def post(here: Instance, service: str, path: str, body: Any, token: str | None) -> Any:
    from shared.ids import uuid7

    return here.ask(service, path, token=token, body=body, key=str(uuid7()))


def settled(here: Instance, service: str, said: Any, token: str | None) -> Any:
    """The report once each has its result, or after a while as it is then."""
    until = time.monotonic() + PATIENCE
    while said["left"] and time.monotonic() < until:
        time.sleep(0.2)
        said = here.ask(service, f"/dead-letter-replays/{said['id']}", token=token)
    return said

"""Refer a person, and ask where a case is."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from shared.calendar import STOCKHOLM
from shared.errors import Invalid, Unavailable

from .instance import Data, Json, Token, current


class NotReadable(Invalid):
    """The file cannot be read."""


def refer(
    file: Annotated[Path, typer.Argument(help="The referral as JSON, as examples/bengtsfors/referral.json")],
    party: Annotated[str, typer.Option(help="The party that refers")] = "social_services",
    key: Annotated[str | None, typer.Option(help="Idempotency-Key; the file's hash, if left out")] = None,
    token: Token = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Post one referral. The same file again does nothing again."""
    try:
        content = file.read_bytes()
        body = json.loads(content)
    except (OSError, ValueError) as error:
        raise NotReadable(f"Give a JSON file; {file.name} is not one.") from error
    key = key or hashlib.sha256(content).hexdigest()
    answer = current(data).ask("referral", "/referrals", party=party, token=token, body=body, key=key)
    typer.echo(json.dumps(answer) if as_json else f"Received. Case {answer['caseId']}, referral {answer['id']}.")


def where(
    case: Annotated[UUID, typer.Argument(help="The case")],
    language: Annotated[str, typer.Option(help="sv or en")] = "en",
    token: Token = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What a case waits for: of whom, by when, and what is parked anywhere."""
    here = current(data)
    said: dict[str, Any] = {}
    for service in here.services:
        try:
            said[service] = here.ask(service, f"/cases/{case}/waits", token=token)
        except Unavailable as error:
            said[service] = {"items": [], "away": error.remedy}
    if as_json:
        typer.echo(json.dumps(said))
        return
    console = Console()
    sentence = said.get("referral", {}).get("sentences", {}).get(language)
    console.print(sentence or "No service here knows that case.")
    table = Table("Service", "Waits for", "Who", "Due", "State", box=None)
    for service, answer in said.items():
        if "away" in answer:
            table.add_row(service, answer["away"], "", "", "[red]away[/]")
        for item in answer["items"]:
            due = f"{datetime.fromisoformat(item['due']).astimezone(STOCKHOLM):%Y-%m-%d %H:%M}" if item["due"] else ""
            table.add_row(service, item["what"], item["owner"], due, item["state"])
    if table.row_count:
        console.print(table)

"""Refer a person, and ask where a case is."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from shared.errors import Invalid, NotFound, Unavailable

from .instance import Answered, Data, Instance, Json, Token, current


class NotReadable(Invalid):
    """The file cannot be read."""


class UnknownCase(NotFound):
    """No service here knows that case."""


def refer(
    file: Annotated[Path, typer.Argument(help="The referral as JSON, as examples/<area>/referral.json")],
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
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    typer.echo(f"Received. Case {answer['caseId']}, referral {answer['id']}.")
    typer.echo(f"Where it is: samspar where {answer['caseId']}")


def where(
    case: Annotated[UUID, typer.Argument(help="The case")],
    language: Annotated[str, typer.Option(help="sv or en")] = "en",
    token: Token = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What a case waits for: of whom, by when, and what is parked anywhere."""
    here = current(data)
    said = {service: _waits(here, service, case, token) for service in here.services}
    sentence: str | None = said.get("referral", {}).get("sentences", {}).get(language)
    if sentence is None and not any(answer["items"] or "away" in answer for answer in said.values()):
        raise UnknownCase("Look at its id again; `samspar refer` and the demo print it.")
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    _show(said, sentence)


def _waits(here: Instance, service: str, case: UUID, token: str | None) -> dict[str, Any]:
    """What one service says; that it is away or says no is an answer too."""
    try:
        return here.ask(service, f"/cases/{case}/waits", token=token)
    except Unavailable as error:
        return {"items": [], "away": error.remedy}
    except Answered as error:
        if error.facts.get("code") == "sender/not-found":
            return {"items": []}
        raise


def _show(said: dict[str, dict[str, Any]], sentence: str | None) -> None:
    from rich.console import Console
    from rich.table import Table

    from shared.demo.times import dated_due

    console = Console()
    if sentence is not None:
        console.print(sentence, highlight=False, soft_wrap=True)
    table = Table("Service", "Waits for", "Who", "Due", "State", box=None)
    for service, answer in said.items():
        if "away" in answer:
            table.add_row(service, answer["away"], "", "", "[red]away[/]")
        for item in answer["items"]:
            due = dated_due(datetime.fromisoformat(item["due"])) if item["due"] else ""
            table.add_row(service, item["what"], item["owner"], due, item["state"])
    if table.row_count:
        console.print(table)

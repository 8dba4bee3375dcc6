"""Refer a person, and ask where a case is."""

import hashlib
import json
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer

from shared.errors import Invalid, NotFound, Unavailable

from .instance import Answered, Data, Instance, Json, Token, current, running

PAUSE = 0.5


class NotReadable(Invalid):
    """The file cannot be read."""


class UnknownCase(NotFound):
    """No service here knows that case."""


DOCUMENTS = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def refer(
    file: Annotated[Path, typer.Argument(help="A referral as JSON, or a booking document as .xlsx or .csv")],
    party: Annotated[str, typer.Option(help="The party that refers")] = "social_services",
    key: Annotated[str | None, typer.Option(help="Idempotency-Key; the file's hash, if left out")] = None,
    token: Token = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Post one referral, or many in a document. The same file again does nothing again."""
    kind = DOCUMENTS.get(file.suffix.lower())
    try:
        content = file.read_bytes()
        body = None if kind else json.loads(content)
    except (OSError, ValueError) as error:
        raise NotReadable(f"Give a JSON file; {file.name} is not one.") from error
    if kind:  # known by what it says, so that another key does nothing twice
        key = key or uuid4().hex
        _send(current(data), (kind, content), as_json, party=party, token=token, key=key)
        return
    key = key or hashlib.sha256(content).hexdigest()
    answer = current(data).ask("referral", "/referrals", party=party, token=token, body=body, key=key)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    typer.echo(f"Received. Case {answer['caseId']}, referral {answer['id']}.")
    typer.echo(f"Where it is: samspar where {answer['caseId']}")


def _send(here: Instance, file: tuple[str, bytes], as_json: bool, *, key: str, **who: Any) -> None:
    """Sends a booking document, waits until its rows are received, and shows those that were not."""
    answer = here.ask("referral", "/booking-documents", file=file, key=key, **who)
    place = f"/booking-documents/{answer['id']}"
    while answer["status"] == "working":
        time.sleep(PAUSE)
        answer = here.ask("referral", place, **who)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    typer.echo(f"{answer['received']} received, {answer['duplicate']} known, {answer['refused']} refused. {place}")
    for row in here.ask("referral", f"{place}/rows?status=refused&limit=100", **who)["items"]:
        typer.echo(f"Row {row['number']}: {row['reason']['en']}")


def where(
    case: Annotated[UUID, typer.Argument(help="The case")],
    language: Annotated[str, typer.Option(help="sv or en")] = "en",
    token: Token = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What a case waits for: of whom, by when, and what is parked anywhere."""
    here, said = _known(case, data, token)
    sentence: str | None = said.get("referral", {}).get("sentences", {}).get(language)
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    _show(said, sentence)
    for item in said.get("referral", {}).get("items", ()):
        if (how := _settled_by(here, item)) is not None:
            typer.echo(how)


def _known(case: UUID, data: Path | None, token: str | None) -> tuple[Instance, dict[str, dict[str, Any]]]:
    """The platform that knows the case, of all that run here, with what its services say. Raises `UnknownCase`."""
    away: tuple[Instance, dict[str, dict[str, Any]]] | None = None
    for here in reversed(running(data)):
        said = {service: _waits(here, service, case, token) for service in here.services}
        if any(answer.get("sentences") or answer["items"] for answer in said.values()):
            return here, said
        if away is None and any("away" in answer for answer in said.values()):
            away = here, said
    if away is None:
        raise UnknownCase("Look at its id again; `samspar refer` and the demo print it.")
    return away


MOVES = {
    ("meeting", "booked"): "booking/v1/meetings/{}/bookings",
    ("meeting", "ended"): "booking/v1/meetings/{}/holdings",
    ("agenda", "listed"): "booking/v1/agenda-items/{}/listings",
    ("agenda", "ended"): "booking/v1/agenda-items/{}/decisions",
    ("assessment", "ended"): "assessment/v1/assessments/{}/completions",
    ("decision", "ended"): "assessment/v1/decisions/{}/makings",
    ("plan", "ended"): "assessment/v1/plans/{}/signatures",
    ("activity", "started"): "assessment/v1/activities/{}/starts",
    ("activity", "ended"): "assessment/v1/activities/{}/endings",
    ("consent", "ended"): "consent/v1/bases/{}/grants",
    ("answer", "ended"): "referral/v1/answers/{}/replies",
}
"""By kind of task and what is waited for: where that is told."""


def _settled_by(here: Instance, item: dict[str, Any]) -> str | None:
    """The request with which a party says that it has come."""
    task, _, reach = item["what"].rpartition(".")
    path = MOVES.get((str(item.get("kind")), reach))
    if path is None or item.get("play") is None:
        return None
    service = path.partition("/")[0]
    if service not in here.services:
        return None
    return f"{task} {reach}: POST {here.url(service)}/{path.format(item['play'])}"


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
    from rich.table import Column, Table

    from shared.demo.times import dated_due

    console = Console()
    if sentence is not None:
        console.print(sentence, highlight=False, soft_wrap=True)
    table = Table("Service", Column("Waits for", overflow="fold"), "Who", "Due", "State", box=None)
    for service, answer in said.items():
        if "away" in answer:
            table.add_row(service, answer["away"], "", "", "[red]away[/]")
        for item in answer["items"]:
            due = dated_due(datetime.fromisoformat(item["due"])) if item["due"] else ""
            table.add_row(service, item["what"], item["owner"], due, item["state"])
    if table.row_count:
        console.print(table)

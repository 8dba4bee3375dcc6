"""Whether all that was told has come; for those who run the services."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from shared.errors import Unavailable

from . import letters_shown
from .instance import Data, Instance, Json, Token, current
from .letters_asked import post

PATIENCE = 120.0
PAUSE = 0.3

COLUMNS = {
    "service": "Service",
    "source": "Source",
    "told": "Told",
    "here": "Here",
    "missing": "Missing",
    "healed": "Healed",
    "seen": "What was seen",
}
WORDS = {
    "StillUnderWay": "events are still in the queue; look again shortly",
    "PartnerAway": "it does not answer",
    "PartnerRefused": "it refuses to answer",
    "NoAddress": "nobody says where it is: `urls` in its organisation's file",
    "TokenUnavailable": "this service has no token for it",
    "NotToldSo": "it answers what is no feed",
}


def reconcile(
    service: Annotated[str, typer.Option(help="The service that hears; all, if left out")] = "",
    once: Annotated[bool, typer.Option("--once", help="Compare now, and take what is missing from its teller")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare now, and take nothing")] = False,
    from_start: Annotated[bool, typer.Option("--from-start", help="Compare all that was ever told")] = False,
    accept: Annotated[
        list[str] | None, typer.Option(help="A source known to have been restored, as /norrby/booking")
    ] = None,
    token: Token = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What was told and has not come, by source: as last seen, or after a round now."""
    here = current(data)
    body = {"heals": not dry_run, "fromStart": from_start, "accepts": accept or []}
    now = once or dry_run or from_start or bool(accept)
    found: list[dict[str, Any]] = []
    for name in [service] if service else here.services:
        said = _after(here, name, body, token) if now else here.ask(name, "/reconciliation", token=token)
        found += [{"service": name, **each} for each in said["items"]]
    if as_json:
        typer.echo(json.dumps(found))
    elif not found:
        typer.echo("Nothing was compared yet; --once does it now.")
    else:
        letters_shown.table(COLUMNS, [{**each, "seen": _seen(each)} for each in found])
        typer.echo(_sum(found))


def _after(here: Instance, service: str, body: Mapping[str, Any], token: str | None) -> Any:
    """What a round found. Raises `Unavailable` where it does not end."""
    asked = post(here, service, "/reconciliations", body, token)["round"]
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        said = here.ask(service, "/reconciliation", token=token)
        if [each["round"] for each in said["items"]] == [asked] * said["expected"]:
            return said
        time.sleep(PAUSE)
    raise Unavailable(f"Look again later; {service} still compares.")


def _seen(each: Mapping[str, Any]) -> str:
    words = [WORDS.get(each["fault"], str(each["fault"]))] if each["fault"] else []
    if each["restoredAt"]:
        words.append(f"restored from a backup; it has forgotten {each['forgotten']} events that are here")
    return "; ".join(words)


def _sum(found: Sequence[Mapping[str, Any]]) -> str:
    missing = sum(each["missing"] for each in found)
    if missing:
        return f"{missing} missing. `samspar reconcile --once` takes them from their tellers."
    return (
        "Everything that was told is here."
        if not any(each["fault"] for each in found)
        else "Nothing is missing so far."
    )

"""The demo's table: for each person when each fact happened, which deadline held, and where it ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich import box
from rich.table import Table

from shared.calendar import STOCKHOLM

from .clients import Clients
from .script import Script

SHOWN = ("referral", "meeting", "assessment", "activity", "answer", "case")


@dataclass(frozen=True)
class Row:
    """One person of the demo."""

    person: str
    facts: list[str]
    deadlines: list[str]
    ended: str

    def as_json(self) -> dict[str, Any]:
        return {"person": self.person, "facts": self.facts, "deadlines": self.deadlines, "ended": self.ended}


async def rows(script: Script, cases: dict[str, dict[str, str]], clients: Clients) -> list[Row]:
    """From reporting alone: what it shows it has heard as events."""
    found: list[Row] = []
    for person in script.people:
        case = cases[person.pseudonym]["case"]
        timeline = (await clients.get("reporting", f"/operations/cases/{case}/timeline"))["items"]
        deadlines = (await clients.get("reporting", f"/operations/cases/{case}/deadlines"))["items"]
        ended = next((each["outcome"] for each in timeline if each["type"] == "case.closed"), "still open")
        found.append(
            Row(
                person.pseudonym,
                [_fact(each) for each in sorted(timeline, key=_when) if _is_fact(each)],
                [_deadline(each) for each in sorted(deadlines, key=lambda d: (d["due"], d["task"], d["reach"]))],
                ended,
            )
        )
    return found


def drawn(found: list[Row]) -> Table:
    """For a terminal."""
    table = Table(title="What happened, by the events alone (times in Stockholm)", box=box.SIMPLE_HEAD, expand=True)
    for name, ratio in (("Person", 2), ("When each fact happened", 8), ("Deadlines", 7), ("Ended", 3)):
        table.add_column(name, ratio=ratio, overflow="fold")
    for row in found:
        deadlines = [f"[red]{each}[/]" if "missed" in each else f"[green]{each}[/]" for each in row.deadlines]
        table.add_row(f"[bold]{row.person}[/]", "\n".join(row.facts), "\n".join(deadlines), row.ended)
        table.add_section()
    return table


def _is_fact(entry: dict[str, Any]) -> bool:
    aggregate, moment = entry["type"].split(".")[:2]
    return aggregate in SHOWN and moment not in ("requested", "recalled", "moved")


def _when(entry: dict[str, Any]) -> tuple[str, str, str]:
    return entry["time"], entry["type"], entry.get("task") or ""


def _fact(entry: dict[str, Any]) -> str:
    what = f"{entry['task']} {entry['moment']}" if entry.get("task") else entry["type"]
    outcome = entry.get("outcome")
    said = f" ({outcome})" if outcome and outcome != entry["moment"] else ""
    return f"{_local(entry['time'])} {what}{said}"


def _deadline(entry: dict[str, Any]) -> str:
    late = ", learnt late" if entry.get("learntLate") else ""
    return f"{entry['task']} {entry['reach']} by {_local(entry['due'])}: {entry['state']}{late}"


def _local(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone(STOCKHOLM):%a %d %b %H:%M}"

"""How dead letters, their chains and their history look in a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
PREFIX = "se.samspar."
WORDS = {
    "failed": "its own failure",
    "awaits": "it awaits what has not come",
    "next": "nobody holds it; it is next",
}


def table(columns: Mapping[str, str], rows: Sequence[Row]) -> None:
    """Rows under titles; `columns`: title by field."""
    from rich.console import Console
    from rich.table import Column, Table

    shown = Table(*(Column(title, overflow="fold") for title in columns.values()), box=None)
    for row in rows:
        shown.add_row(*(_text(row.get(name)) for name in columns))
    Console().print(shown)


def tree(chain: Mapping[str, Any]) -> Iterator[str]:
    """The chain as lines: under whoever failed or waits, those that stand behind it."""
    links: Sequence[Row] = chain["links"]
    yield f"{chain['stream']}: {chain['length']} parked"
    heads = [link for link in links if not link["behind"]]
    for place, head in enumerate(heads):
        last = place == len(heads) - 1
        yield f"{'└─' if last else '├─'} {_link(head)}"
        behind = [link for link in links if link["behind"] and link["behind"][0] == head["id"]]
        for n, link in enumerate(behind):
            yield f"{'  ' if last else '│ '} {'└─' if n == len(behind) - 1 else '├─'} {_link(link)}"
    if len(links) < chain["length"]:
        yield f"and {chain['length'] - len(links)} more"


def _link(link: Row) -> str:
    type_ = str(link["type"]).removeprefix(PREFIX) or "unreadable"
    told = f"{link['id']} {type_} from {link['source'] or 'unknown'}, {link['state']}"
    if link["behind"]:
        return f"{told}: behind {', '.join(map(str, link['behind']))}"
    error = f", {link['cause']}: {link['lastError']}" if link["lastError"] else ""
    return f"{told}: {WORDS[link['because']]} ({link['attempts']} attempts{error})"


def changes(said: Mapping[str, Any]) -> Iterator[str]:
    """What a dry run would have come to, line by line."""
    if said["result"] == "would-park":
        yield f"It would be parked ({said['state']}), {said['cause']}: {said['error']}"
        return
    yield "It would run."
    for row in said["rows"]:
        values = ", ".join(f"{name}: {_cell(cell)}" for name, cell in row["values"].items())
        yield f"  {row['kind']} {row['table']} ({', '.join(row['columns'])}) {values}".rstrip()
    for event in said["events"]:
        yield f"  tells {event['type'].removeprefix(PREFIX)} of {event['stream']} to {', '.join(event['audience'])}"
    for timer in said["timers"]:
        yield f"  timer {timer['kind']} of {timer['stream']} {timer['change']}, due {timer['due']}"
    for next_ in said["then"]:
        yield f"  then {next_['id']} {next_['type'].removeprefix(PREFIX)} ({next_['state']})"
    if not said["complete"]:
        yield "  and more that is not shown"


def line(done: Row) -> str:
    """A line of the audit: when, where, what, which, what came of it, who, why."""
    who = done["actor"] if done["client"] is None else f"{done['actor']} by {done['client']}"
    why = [done[name] for name in ("reason", "note", "detail") if done[name]]
    what = f"{done['action']} of {done['deadLetter']}: {done['result']}"
    return " · ".join([done["at"][:19].replace("T", " "), done["service"], what, who, *why])


def _cell(cell: Row) -> str:
    before, after = cell["before"], cell["after"]
    return str(after) if before in (None, after) else f"{before} → {after}"


def _text(value: Any) -> str:
    return "" if value is None else str(value).removeprefix(PREFIX)

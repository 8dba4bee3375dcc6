"""The demo's table, for a terminal: a person's story, days and times, and the deadlines at a glance."""

from collections.abc import Iterable
from itertools import groupby

from rich import box
from rich.table import Table
from rich.text import Text

from .rows import Deadline, Fact, Row
from .times import clock, day, due

SAID_ANYWAY = ("case.opened", "case.closed")
SHORT = {"referral.received": "referred", "referral.returned": "returned", "referral.withdrawn": "withdrawn"}
SEPARATOR = " · "


def drawn(found: Iterable[Row]) -> Table:
    """One row a person. What `opened` says is left out, since its end follows; it is in the JSON."""
    table = Table(
        title="What happened, by the events alone (times in Stockholm)",
        title_style="bold",
        box=box.HORIZONTALS,
        show_lines=True,
        pad_edge=False,
    )
    table.add_column("Person", no_wrap=True, style="bold")
    table.add_column("What happened when", ratio=1)
    table.add_column("Deadlines", max_width=30)
    table.add_column("Ended", max_width=18)
    for row in found:
        table.add_row(row.person, _story(row), _deadlines(row.deadlines), _ended(row))
    return table


def _story(row: Row) -> Text:
    lines = [Text(row.story, style="italic")]
    shown = [fact for fact in row.facts if fact.what not in SAID_ANYWAY and not fact.what.endswith(" opened")]
    for name, facts in groupby(shown, key=lambda fact: day(fact.at)):
        words = SEPARATOR.join(f"{clock(fact.at)}\N{NO-BREAK SPACE}{_what(fact)}" for fact in facts)
        lines.append(Text.assemble((f"{name}  ", "cyan"), words))
    return Text("\n").join(lines)


def _what(fact: Fact) -> str:
    what = SHORT.get(fact.what, fact.what)
    return f"{what} ({fact.outcome})" if fact.outcome else what


def _deadlines(deadlines: list[Deadline]) -> Text:
    missed = [each for each in deadlines if each.state == "missed"]
    held = len(deadlines) - len(missed)
    lines = [Text(f"{held} held", style="green")] if held else []
    lines += [Text(f"MISSED {each.task} {each.reach}, due {due(each.due)}", style="bold red") for each in missed]
    return Text("\n").join(lines)


def _ended(row: Row) -> Text:
    if row.ended is None:
        return Text("still open", style="yellow")
    closed = next(fact.at for fact in row.facts if fact.what == "case.closed")
    return Text(f"{row.ended}\n{day(closed)} {clock(closed)}")

"""The demo's table, for a terminal: each person's days with their times, then the end and the deadlines."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from .rows import Deadline, Fact, Row
from .times import clock, day, due

SAID_ANYWAY = ("case.opened", "case.closed")
SHORT = {"referral.received": "referred", "referral.returned": "returned", "referral.withdrawn": "withdrawn"}
ENDS = ("held", "completed", "made", "agreed", "ended", "given", "granted", "refused", "decided", "assigned")
"""The moments at which a task has `ended`."""
SEPARATOR = " · "


def drawn(found: Sequence[Row]) -> Group:
    """Left out, and in the JSON: that a task was opened, since its end follows, and that a case was opened at once."""
    parts: list[RenderableType] = [Rule("What happened, by the events alone (times in Stockholm)", style="dim")]
    for row in found:
        parts += [_person(row), ""]
    deadlines = [each for row in found for each in row.deadlines]
    sum_ = Text(f"{len(found)} people", style="bold")
    return Group(*parts, Rule(style="dim"), Text(SEPARATOR).join([sum_, *_counted(deadlines)]))


def _person(row: Row) -> Group:
    days = Table.grid(padding=(0, 2, 0, 0))
    days.add_column(no_wrap=True, min_width=10, style="cyan")
    days.add_column()
    shown = [fact for fact in row.facts if fact.what not in SAID_ANYWAY and not fact.what.endswith(" opened")]
    for name, facts in groupby(shown, key=lambda fact: day(fact.at)):
        days.add_row(name, SEPARATOR.join(_said(facts)))
    days.add_row("Ended", Text(SEPARATOR).join([_ended(row), *_counted(row.deadlines)]))
    for each in row.deadlines:
        if each.state == "missed":
            days.add_row("", Text(_late(row, each), style="red"))
    return Group(Text.assemble((row.person, "bold"), "  ", (row.story, "italic")), Padding(days, (0, 0, 0, 2)))


def _late(row: Row, deadline: Deadline) -> str:
    """When it came, and when it should have; or that it was not heard of."""
    ends = (deadline.reach,) if deadline.reach != "ended" else ENDS
    came = [fact for fact in row.facts if fact.at > deadline.due and fact.what.startswith(f"{deadline.task} ")]
    heard = next((fact for fact in came if fact.what.rpartition(" ")[2] in ends), None)
    if heard is None:
        return f"missed: {deadline.task} {deadline.reach}, due {due(deadline.due)}"
    return f"late: {heard.what} {day(heard.at)} {clock(heard.at)}, due {due(deadline.due)}"


def _said(facts: Iterable[Fact]) -> Iterable[str]:
    """A task that stands in a row is named once: `09:00 interview booked · 14:00 held`."""
    named, before = "", ""
    for fact in facts:
        task, _, moment = SHORT.get(fact.what, fact.what).rpartition(" ")
        told = "moved" if moment == "booked" and before == fact.what else moment
        words = told if task in ("", named) else f"{task} {told}"
        named, before = task, fact.what
        outcome = f" ({fact.outcome})" if fact.outcome else ""
        yield f"{clock(fact.at)} {words}{outcome}"


def _counted(deadlines: Sequence[Deadline]) -> list[Text]:
    missed = sum(each.state == "missed" for each in deadlines)
    kept = len(deadlines) - missed
    said = [Text(f"{kept} deadlines kept" if kept != 1 else "1 deadline kept", style="green")] if kept else []
    return said + ([Text(f"{missed} MISSED", style="bold red")] if missed else [])


def _ended(row: Row) -> Text:
    if row.ended is None:
        return Text("still open", style="yellow")
    closed = next(fact.at for fact in row.facts if fact.what == "case.closed")
    return Text.assemble((row.ended, "bold"), f" on {day(closed)} {clock(closed)}")

"""The demo's table, for a terminal: each person's days with their times, then the end and the deadlines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from .making import Sent
from .rows import Deadline, Fact, Row
from .times import clock, day, due

SAID_ANYWAY = ("case.opened", "case.closed")
STEPS = ("opened", "contributed", "signed")
"""On the way to a task's end, which follows."""
SHORT = {
    "referral.received": "referred",
    "referral.returned": "returned",
    "referral.withdrawn": "withdrawn",
    "deviation.reported": "deviation reported",
}
ENDS = ("held", "completed", "made", "agreed", "ended", "given", "granted", "refused", "decided", "assigned")
"""The moments at which a task has `ended`."""
SEPARATOR = " · "


@dataclass(frozen=True)
class Flow:
    """Items in a row, as many on a line as it holds; a line breaks between two of them."""

    items: Sequence[str]
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console
        lines: list[str] = []
        for item in self.items:
            longer = f"{lines[-1]}{SEPARATOR}{item}" if lines else item
            if lines and cell_len(longer) <= options.max_width:
                lines[-1] = longer
            else:
                lines.append(item)
        yield Text("\n".join(lines), style=self.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        del console
        return Measurement(min(options.max_width, max(map(cell_len, self.items))), options.max_width)


@dataclass(frozen=True)
class Scene:
    """One organisation's part of a demo, with what a newcomer needs in order to read it.

    `words`: what people there call the tasks, by the names that the rows have. `sent`: of the booking document.
    """

    title: str
    pathway: str
    words: Mapping[str, str]
    rows: Sequence[Row]
    sent: Sent | None = None


def drawn(scenes: Sequence[Scene]) -> Group:
    """Left out, and in the JSON: that a task was opened, since its end follows, and that a case was opened at once."""
    parts: list[RenderableType] = ["What happened, by the events alone (times in Stockholm)"]
    parts += [part for scene in scenes for part in _scene(scene)]
    found = [row for scene in scenes for row in scene.rows]
    people = Text(f"{len(found)} people" if len(found) != 1 else "1 person", style="bold")
    deadlines = [each for row in found for each in row.deadlines]
    refused = sum(row.refused is not None for row in found)
    counted = [*_counted(deadlines), *([Text(f"{refused} refused", style="bold red")] if refused else [])]
    return Group(*parts, Rule(style="dim"), Text(SEPARATOR).join([people, *counted]))


def _scene(scene: Scene) -> Iterator[RenderableType]:
    """What happened there is told by events alone; of the document, what the service answered."""
    yield Rule(Text(scene.title, style="bold"), style="dim")
    yield Text(scene.pathway)
    seen = {fact.what.rpartition(" ")[0] for row in scene.rows for fact in row.facts}
    words = [f"{name} = {word}" for name, word in scene.words.items() if name in seen]
    if words:
        yield Flow(words, style="dim")
    if (sent := scene.sent) is not None:
        came = f"{sent.total} rows, {sent.received} received, {sent.refused} refused"
        yield Text(f"{sent.file}: {came} ({scene.words.get(sent.by, sent.by)}, {day(sent.at)} {clock(sent.at)})")
    yield ""
    for row in scene.rows:
        yield from (_person(row), "")


def _person(row: Row) -> Group:
    days = Table.grid(padding=(0, 2, 0, 0))
    days.add_column(no_wrap=True, min_width=10, style="cyan")
    days.add_column()
    shown = [fact for fact in _moved(row.facts) if not _said_anyway(fact)]
    for name, facts in groupby(shown, key=lambda fact: day(fact.at)):
        days.add_row(name, Flow(list(_said(facts))))
    if row.refused is not None:
        days.add_row("Refused", Text(f"row {row.refused.row}: {row.refused.en}", style="red"))
        days.add_row("", Text(row.refused.sv, style="italic"))
    else:
        ended = [] if row.ended is None else [_ended(row)]
        days.add_row("Ended" if ended else "Still open", Text(SEPARATOR).join([*ended, *_counted(row.deadlines)]))
    for each in row.deadlines:
        if each.state == "missed":
            days.add_row("", Text(_late(row, each), style="red"))
    return Group(Text.assemble((row.person, "bold"), "  ", (row.story, "italic")), Padding(days, (0, 0, 0, 2)))


def _moved(facts: Iterable[Fact]) -> Iterator[Fact]:
    """What is booked already, and is booked again, is moved."""
    last: dict[str, str] = {}
    for fact in facts:
        task, _, moment = fact.what.rpartition(" ")
        again = moment == "booked" and last.get(task) == "booked"
        last[task] = moment
        yield fact.model_copy(update={"what": f"{task} moved"}) if again else fact


def _said_anyway(fact: Fact) -> bool:
    return fact.what in SAID_ANYWAY or fact.what.rpartition(" ")[2] in STEPS


def _late(row: Row, deadline: Deadline) -> str:
    """When it came, and when it should have; or that it was not heard of."""
    ends = (deadline.reach,) if deadline.reach != "ended" else ENDS
    came = [fact for fact in row.facts if fact.at > deadline.due and fact.what.startswith(f"{deadline.task} ")]
    heard = next((fact for fact in came if fact.what.rpartition(" ")[2] in ends), None)
    if heard is None:
        return f"missed: {deadline.task} {deadline.reach}, due {due(deadline.due)}"
    return f"late: {heard.what} {day(heard.at)} {clock(heard.at)}, due {due(deadline.due)}"


def _said(facts: Iterable[Fact]) -> Iterator[str]:
    """A task that stands in a row is named once, and so is an instant: `09:00 interview booked · 14:00 held`."""
    named, before = "", None
    for fact in facts:
        task, _, moment = SHORT.get(fact.what, fact.what).rpartition(" ")
        words = moment if task in ("", named) else f"{task} {moment}"
        at = "" if before is not None and before.at == fact.at else f"{clock(fact.at)} "
        named, before = task, fact
        outcome = f" ({fact.outcome})" if fact.outcome and fact.outcome not in ENDS else ""
        yield f"{at}{words}{outcome}"


def _counted(deadlines: Sequence[Deadline]) -> list[Text]:
    missed = sum(each.state == "missed" for each in deadlines)
    kept = len(deadlines) - missed
    said = [Text(f"{kept} deadlines kept" if kept != 1 else "1 deadline kept", style="green")] if kept else []
    return said + ([Text(f"{missed} MISSED", style="bold red")] if missed else [])


def _ended(row: Row) -> Text:
    closed = next(fact.at for fact in row.facts if fact.what == "case.closed")
    return Text.assemble((str(row.ended), "bold"), f" on {day(closed)} {clock(closed)}")

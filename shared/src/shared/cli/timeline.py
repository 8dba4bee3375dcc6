"""The timeline of a simulated case, as a process owner reads and signs it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from shared.calendar import STOCKHOLM
from shared.demo.times import clock, dated_due, day
from shared.pathways import (
    Ask,
    Close,
    Happening,
    Ignored,
    Language,
    Met,
    Missed,
    Otherwise,
    Raised,
    Rang,
    Recall,
    Received,
    Returned,
    Score,
    Skip,
    Told,
    Turn,
)
from shared.pathways.decisions import Decision

WIDE = 110
"""Columns from which a table reads better than a list."""


@dataclass
class Step:
    """Something that happened, and what came of it. `who`: the party whose fact it is; none where time passed."""

    at: datetime
    what: str
    who: str | None
    asked: list[str] = field(default_factory=list[str])
    held: list[str] = field(default_factory=list[str])
    missed: list[str] = field(default_factory=list[str])
    ended: str | None = None

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {"at": self.at.astimezone(STOCKHOLM).isoformat()}


def steps(score: Score, story: Iterable[tuple[Happening, Sequence[Decision]]], language: Language) -> list[Step]:
    """One step a happening; a timer that changed nothing is left out."""
    teller = _Teller(score, language)
    told = [teller.step(happening, decisions) for happening, decisions in story]
    return [step for step in told if step.who or step.asked or step.held or step.missed or step.ended]


def printed(score: Score, title: str, told: Sequence[Step], language: Language) -> None:
    console = Console()
    if console.width < WIDE:
        console.print(Text(title, style="bold"))
        for step in told:
            _listed(console, step)
    else:
        console.print(_table(title, told))
    kept, missed = (sum(len(getattr(step, name)) for step in told) for name in ("held", "missed"))
    counted = f"{kept} deadline{'' if kept == 1 else 's'} kept, {missed} missed. Times in Stockholm."
    console.print(counted, highlight=False)
    about = f"{score.title.in_(language)}: {score.name}, version {score.version}, SHA-256 {score.sha256[:16]}"
    console.print(about, highlight=False, soft_wrap=True)


def _table(title: str, told: Sequence[Step]) -> Table:
    table = Table(box=box.HORIZONTALS, pad_edge=False, title=title, title_style="bold")
    for name, ratio in (("When", None), ("What happened", 3), ("Who", 2), ("What follows", 6), ("Deadlines", 4)):
        table.add_column(name, ratio=ratio, no_wrap=ratio is None)
    for step in told:
        follows, deadlines = Text("\n").join(_follows(step)), Text("\n").join(_deadlines(step))
        table.add_row(_when(step), step.what, step.who or "", follows, deadlines)
    return table


def _listed(console: Console, step: Step) -> None:
    """One under the other, where columns would hold a word each."""
    who = f" ({step.who})" if step.who else ""
    console.print(f"{_when(step)}  {step.what}{who}", highlight=False, markup=False)
    for line in (*_follows(step), *_deadlines(step)):
        console.print(Padding(line, (0, 0, 0, 4)), highlight=False)


def _when(step: Step) -> str:
    return f"{day(step.at)} {clock(step.at)}"


def _follows(step: Step) -> list[Text]:
    return [*map(Text, step.asked), *([Text(step.ended, style="bold")] if step.ended else [])]


def _deadlines(step: Step) -> list[Text]:
    kept = [Text(f"kept: {line}", style="green") for line in step.held]
    return kept + [Text(f"MISSED: {line}", style="bold red") for line in step.missed]


class _Teller:
    """Remembers who was asked, to say whose fact it is."""

    def __init__(self, score: Score, language: Language) -> None:
        self._score = score
        self._language: Language = language
        self._asked: dict[UUID, Ask] = {}

    def step(self, happening: Happening, decisions: Sequence[Decision]) -> Step:
        what, who = self._happened(happening)
        step = Step(happening.at, what, who)
        for decision in decisions:
            self._add(step, decision)
        return step

    def _word(self, *ids: str) -> str:
        return ", ".join(self._score.word(each, self._language) for each in ids if each)

    def _happened(self, happening: Happening) -> tuple[str, str | None]:
        match happening:
            case Received():
                return "referred", self._word("referrer")
            case Told():
                ask = self._asked.get(happening.play)
                said = self._word(happening.outcome or "", *happening.findings.values())
                what = f"{self._word(ask.task) if ask else '?'} {self._word(happening.moment)}"
                return f"{what} ({said})" if said else what, self._word(happening.party or (ask.party if ask else "?"))
            case Rang():
                return "time passed", None
            case Raised():
                return f"{self._word(happening.task)} raised", self._word(happening.by)
            case Returned():
                return f"returned: {self._word(happening.reason)}", self._word(self._score.entry.receiver)
            case _:
                return "withdrawn", self._word("referrer")

    def _add(self, step: Step, decision: Decision) -> None:
        match decision:
            case Ask():
                self._asked[decision.play] = decision
                due = ", ".join(f"{self._word(reach)} by {dated_due(at)}" for reach, at in decision.due.items())
                again = f", time {decision.n}" if decision.n > 1 else ""
                step.asked.append(f"→ {self._word(decision.party)}: {self._word(decision.task)}{again}, {due}")
            case Met():
                late = ", learnt late" if decision.learnt_late else ""
                step.held.append(f"{self._reach(decision)}, due {dated_due(decision.due)}{late}")
            case Missed():
                owner = self._word(decision.owner)
                step.missed.append(f"{self._reach(decision)}, due {dated_due(decision.due)}, {owner}")
            case Close():
                step.ended = f"Ends: {self._word(decision.ending)}"
            case _:
                step.asked += self._aside(decision)

    def _aside(self, decision: Decision) -> list[str]:
        match decision:
            case Skip():
                return [f"passed by: {self._word(decision.task or decision.stage)}"]
            case Turn():
                return [f"back to {self._word(decision.stage)}, round {decision.round}"]
            case Recall():
                return [f"taken back from {self._word(decision.party)}: {self._word(decision.task)}"]
            case Otherwise():
                lost = f"{self._word(decision.task)} {decision.outcome}" if decision.task else "the case is silent"
                return [f"nobody hears: {lost}"]
            case Ignored():
                return [f"kept, settles nothing: {decision.reason}"]
            case _:
                return []

    def _reach(self, decision: Met | Missed) -> str:
        return f"{self._word(decision.task)} {self._word(decision.reach)}"

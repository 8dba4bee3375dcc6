"""Plays a score on a virtual clock, with given moves, and tells the story as lines that a process owner can sign."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict

from shared.calendar import STOCKHOLM
from shared.pathways.casefile import CaseFile
from shared.pathways.decisions import Ask, Close, Decision, Ignored, Met, Missed, Otherwise, Recall, Skip, Turn
from shared.pathways.happenings import Happening, Raised, Rang, Received, Returned, Told, WithdrawnBySender
from shared.pathways.model import Score
from shared.pathways.play import play
from shared.pathways.spelling import meant

_CASE = UUID(int=11, version=4)


def _stockholm(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=STOCKHOLM)


Local = Annotated[datetime, AfterValidator(_stockholm)]
"""An instant; without a zone it is read as Stockholm's."""


class Move(BaseModel):
    """One thing that happens: a fact about the latest asking of a task, or `returned` or `withdrawn` by a reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    at: Local
    task: str | None = None
    moment: str | None = None
    outcome: str | None = None
    findings: dict[str, str] = {}
    raised_by: str | None = None
    returned: str | None = None
    withdrawn: bool = False


class Script(BaseModel):
    """A case and its moves, in the order they are learnt, and the timeline they should give."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: str
    received: Local
    attributes: dict[str, str]
    dates: dict[str, Local] = {}
    moves: tuple[Move, ...]
    until: Local | None = None
    """Rings every timer up to then, after the last move."""
    timeline: tuple[str, ...] = ()


class MoveWrong(ValueError):
    """A move that cannot be made: which it is, counted from nought."""

    def __init__(self, n: int, message: str) -> None:
        super().__init__(message)
        self.n = n


def simulate(score: Score, script: Script) -> list[str]:
    """The timeline: one line for each thing that came of the moves, and of the timers that rang between them."""
    return played(score, script).lines


def played(score: Score, script: Script) -> "Playing":
    """The case after all moves of the script. Raises `MoveWrong`."""
    playing = Playing.of(score, script.received, script.attributes, script.dates)
    playing.hear(Received(script.received), "received")
    for n, move in enumerate(script.moves):
        playing.ring(move.at)
        try:
            happening = _happening(playing, move)
        except ValueError as error:
            raise MoveWrong(n, str(error)) from error
        playing.hear(happening, _name(move))
    if script.until:
        playing.ring(script.until)
    return playing


@dataclass
class Playing:
    """A case being played on a virtual clock: its file, and what has been told of it so far, also as lines."""

    score: Score
    file: CaseFile
    lines: list[str] = field(default_factory=lambda: list[str]())
    story: list[tuple[Happening, list[Decision]]] = field(
        default_factory=lambda: list[tuple[Happening, list[Decision]]]()
    )

    @classmethod
    def of(
        cls,
        score: Score,
        received: datetime,
        attributes: Mapping[str, str],
        dates: Mapping[str, datetime] | None = None,
    ) -> Self:
        """A case of its own, always the same; play `Received` next."""
        start = CaseFile.start(case=_CASE, received=received, attributes=attributes, dates=dates)
        return cls(score, start)

    def hear(self, happening: Happening, called: str = "") -> list[Decision]:
        decisions, self.file = play(self.score, self.file, happening)
        self.story.append((happening, decisions))
        if called:
            self.lines.append(f"{_when(happening.at)}  {called}")
        self.lines += [f"    {line}" for each in decisions if (line := _line(each))]
        return decisions

    def told(
        self,
        task: str,
        moment: str,
        at: datetime,
        *,
        outcome: str | None = None,
        findings: Mapping[str, str] | None = None,
    ) -> Told:
        """The fact about the latest asking of a task; ValueError if it has not been asked."""
        askings = self.file.of(task)
        if not askings:
            raise ValueError(f"At {_when(at)}: '{task}' has not been asked.")
        play_ = askings[-1].play
        return Told(at=at, play=play_, moment=moment, outcome=outcome, findings=dict(findings or {}))

    def settle(self, task: str, at: datetime, outcome: str | None = None) -> list[Decision]:
        """Settles a task in the way of its kind: held, completed, made, given."""
        moment = next(iter(self.score.tasks[task].settling))
        return self.hear(self.told(task, moment, at, outcome=outcome))

    def ring(self, until: datetime) -> list[Decision]:
        """Rings what is due before `until`, in order."""
        decided: list[Decision] = []
        while due := {key: at for key, at in self.file.timers.items() if at < until}:
            key = min(due, key=lambda each: (due[each], each))
            decided += self.hear(Rang(due[key], key))
        return decided


def _happening(playing: Playing, move: Move) -> Happening:
    if move.withdrawn:
        return WithdrawnBySender(move.at)
    if move.returned:
        return Returned(move.at, move.returned)
    if move.raised_by:
        return Raised(move.at, move.task or "", move.raised_by)
    _sayable(playing.score, move)
    told = (move.task or "", move.moment or "", move.at)
    return playing.told(*told, outcome=move.outcome, findings=move.findings)


def _sayable(score: Score, move: Move) -> None:
    """ValueError for a task, a moment or a word that the pathway does not know."""
    task = score.tasks.get(move.task or "")
    if task is None:
        known = meant(move.task or "", score.tasks) or f"The tasks are {', '.join(score.tasks)}."
        raise ValueError(f"There is no task '{move.task}'. {known}".strip())
    words = {*task.outcomes, *task.settling.values(), *task.what.fails}
    said = [
        (
            "moment",
            move.moment,
            [*task.what.hears, *task.what.notes, *task.what.fails, *task.what.revokes, *task.settling],
        ),
        ("outcome", move.outcome, [None, *sorted(filter(None, words))]),
        *((f"findings.{key}", word, task.finds.get(key, ())) for key, word in move.findings.items()),
    ]
    for key, word, known in said:
        if word not in known:
            can = ", ".join(dict.fromkeys(each for each in known if each)) or "nothing"
            raise ValueError(f"'{word}' is no {key} of {task.kind} '{task.name}'. It can be {can}.")


def _name(move: Move) -> str:
    if move.withdrawn:
        return "withdrawn by the sender"
    if move.returned:
        return f"returned: {move.returned}"
    if move.raised_by:
        return f"{move.task} raised by {move.raised_by}"
    said = ", ".join([*([move.outcome] if move.outcome else []), *move.findings.values()])
    return f"{move.task} {move.moment}" + (f" ({said})" if said else "")


def _line(decision: Decision) -> str:
    match decision:
        case Ask():
            due = ", ".join(f"{reach} by {_due(at)}" for reach, at in decision.due.items())
            again = f" (asking {decision.n})" if decision.n > 1 else ""
            return f"{decision.party} is asked for {decision.task}{again}: {due}"
        case Met():
            late = ", learnt late" if decision.learnt_late else ""
            return f"in time: {decision.task} {decision.reach}, due {_due(decision.due)}{late}"
        case Missed():
            return f"MISSED: {decision.task} {decision.reach}, due {_due(decision.due)}, by {decision.owner}"
        case Skip():
            return f"passed by: {decision.task or decision.stage}"
        case Turn():
            return f"back to {decision.stage}, round {decision.round}"
        case Recall():
            return f"taken back from {decision.party}: {decision.task}"
        case Otherwise():
            return f"nobody hears: {decision.task} {decision.outcome}" if decision.task else "the case is silent"
        case Ignored():
            return f"kept, settles nothing: {decision.reason}"
        case Close():
            return f"CLOSED {_when(decision.at)}: {decision.ending}"
        case _:
            return ""


def _when(at: datetime) -> str:
    return f"{at.astimezone(STOCKHOLM):%a %Y-%m-%d %H:%M}"


def _due(at: datetime) -> str:
    """Midnight is where a day ends: Tuesday 24:00, not Wednesday 00:00."""
    local = at.astimezone(STOCKHOLM)
    if local.time() == time():
        return f"{local - timedelta(days=1):%a %Y-%m-%d} 24:00"
    return _when(at)

"""One move in progress: the case file as it changes, and the decisions taken so far. Lives for one call of `play`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from shared.ids import play_id
from shared.pathways import parts
from shared.pathways.casefile import Asking, CaseFile, State
from shared.pathways.decisions import Ask, Decision, Recall, StartTimer, StopTimer
from shared.pathways.model import Score
from shared.pathways.task import Stage, Task


@dataclass
class Board:
    score: Score
    file: CaseFile
    at: datetime
    """How far the story has come: nothing that has not begun by now is opened."""
    decisions: list[Decision] = field(default_factory=lambda: list[Decision]())

    def decide(self, decision: Decision) -> None:
        self.decisions.append(decision)

    def update(self, **changes: object) -> None:
        self.file = self.file.model_copy(update=changes)

    def change(self, asking: Asking, **changes: object) -> Asking:
        """Puts a changed asking in its place."""
        new = asking.model_copy(update=changes)
        self.update(askings=tuple(new if each.play == asking.play else each for each in self.file.askings))
        return new

    def task(self, asking: Asking) -> Task:
        return self.score.tasks[asking.task]

    def round_of(self, task: Task) -> int:
        return self.file.round_of(self.score.stage_of[task.name])

    def start_timer(self, key: str, at: datetime) -> None:
        self.update(timers=self.file.timers | {key: at})
        self.decide(StartTimer(key, at))

    def stop_timers(self, *prefixes: str) -> None:
        """Stops every running timer whose key begins so."""
        for key in [key for key in self.file.timers if key.startswith(prefixes)]:
            self.update(timers={k: at for k, at in self.file.timers.items() if k != key})
            self.decide(StopTimer(key))

    def stop_clocks_of(self, asking: Asking) -> None:
        name = f"{asking.task}/{asking.round}/{asking.n}"
        self.stop_timers(f"due/{name}/", f"again/{name}")

    def ask(self, task: Task, at: datetime, *, tries: int = 1, cause: Asking | None = None) -> Asking:
        """Opens a task: the next asking of its round."""
        round_ = self.round_of(task)
        n = 1 + sum(each.task == task.name and each.round == round_ for each in self.file.askings)
        owner = self._party(task.owned_by, cause)
        asking = Asking(
            task=task.name,
            round=round_,
            n=n,
            counts=round_,
            play=play_id(self.file.case, task.name, round_, n),
            kind=task.kind,
            party=owner if task.by == "participant" else self._party(task.by, cause),
            owner=owner,
            at=at,
            tries=tries,
            cause=cause.play if cause else None,
        )
        self.update(askings=(*self.file.askings, asking))
        return asking

    def request(self, asking: Asking) -> Ask:
        """What the addressee is told of an asking."""
        task, score = self.task(asking), self.score
        return Ask(
            task=asking.task,
            round=asking.round,
            n=asking.n,
            play=asking.play,
            kind=asking.kind,
            party=asking.party,
            owner=asking.owner,
            at=asking.at,
            due={each.reach: each.due for each in asking.deadlines},
            seats=parts.seats(score, self.file, task),
            outcomes=task.sayable,
            finds=task.finds,
            contributions=dict(task.contributions),
            signed_by=task.signed_by,
            each_decides=task.each_decides,
            hours=task.hours,
            choose_from=task.choose_from,
            package=task.package,
            lasts=task.lasts,
            waiver=task.waiver,
            between=task.between,
            group=task.group,
            every=task.every,
            interpreter=parts.orders_interpreter(score, self.file, task, asking.party),
            authority=task.authority,
        )

    def recall(self, asking: Asking, at: datetime, state: State = "recalled") -> None:
        """Ends an asking that has not begun, and takes the request back from its addressee."""
        self.stop_clocks_of(asking)
        if asking.state == "open" and self.task(asking).what.request:
            self.decide(
                Recall(
                    task=asking.task,
                    round=asking.round,
                    play=asking.play,
                    kind=asking.kind,
                    party=asking.party,
                    at=at,
                )
            )
        self.change(asking, state=state, ended=at)

    def has_begun(self, asking: Asking) -> bool:
        return asking.state == "open" and self.task(asking).what.begins in asking.moments

    def live(self) -> Iterator[Asking]:
        """Askings that something still waits for."""
        return (each for each in self.file.askings if each.state in ("open", "failed", "repeats"))

    def stage(self, name: str) -> Stage:
        return next(stage for stage in self.score.stages if stage.name == name)

    def _party(self, name: str, cause: Asking | None) -> str:
        if name == "owner":
            late = min(self.live(), key=lambda each: each.at, default=None)
            follows = cause or late
            return follows.owner if follows else self.score.entry.receiver
        return parts.party_of(self.score, self.file, name) or self.score.entry.receiver

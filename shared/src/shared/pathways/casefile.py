"""The case file: what was asked, heard and decided in one case, as facts. Immutable; playing gives the next one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


State = Literal["open", "settled", "turned", "repeats", "failed", "recalled", "spent"]
"""`settled`: goes on · `turned`: its outcome turned the case · `repeats`: comes again later · `failed`: ended badly,
and nobody has answered yet · `recalled` · `spent`: ended, and another asking took its place."""


class Deadline(Record):
    """One instant by which something must be heard. `missed` stays when it proves to have been met in time."""

    reach: str
    due: datetime
    met: datetime | None = None
    missed: bool = False


class Asking(Record):
    """One play: a task asked once. `round` and `n` are its name for ever; `counts` is the round it belongs to now."""

    task: str
    round: int
    n: int
    counts: int
    play: UUID
    kind: str
    party: str
    owner: str
    at: datetime
    tries: int = 1
    state: State = "open"
    moments: dict[str, datetime] = {}
    outcome: str | None = None
    ended: datetime | None = None
    findings: dict[str, str] = {}
    deadlines: tuple[Deadline, ...] = ()
    cause: UUID | None = None
    """The asking this one answers, for a task that follows each of another."""


class CaseFile(Record):
    case: UUID
    received: datetime
    attributes: dict[str, str] = {}
    """Closed answers known at the referral: door, referrer, age_band and what the entry asks."""
    dates: dict[str, datetime] = {}
    opened: datetime | None = None
    closed: datetime | None = None
    ending: str | None = None
    returned: str | None = None
    """The reason, where the receiver sent the referral back."""
    closing: str | None = None
    """An ending that waits for what holds."""
    rounds: dict[str, int] = {}
    turned: dict[str, datetime] = {}
    """Stage -> when the journey last went back to it: its round begins then, however old what it waits for is."""
    begun: dict[str, datetime] = {}
    """`stage/round` -> when it opened."""
    passed_stages: dict[str, datetime] = {}
    passed: dict[str, datetime] = {}
    """`task/round` -> when it was skipped, as `passed_stages` for stages."""
    askings: tuple[Asking, ...] = ()
    timers: dict[str, datetime] = {}
    heard: datetime | None = None
    """The time of the last fact that changed anything."""

    @classmethod
    def start(
        cls,
        *,
        case: UUID,
        received: datetime,
        attributes: Mapping[str, str],
        dates: Mapping[str, datetime] | None = None,
    ) -> Self:
        """A file with nothing in it yet; play `Received` on it. `attributes` must name the `referrer`, a party."""
        anchors = {name: at.astimezone(UTC) for name, at in (dates or {}).items()}
        return cls(case=case, received=received.astimezone(UTC), attributes=dict(attributes), dates=anchors)

    def to_text(self) -> str:
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_text(cls, text: str) -> Self:
        return cls.model_validate_json(text)

    def round_of(self, stage: str) -> int:
        return self.rounds.get(stage, 1)

    def asking(self, play: UUID) -> Asking | None:
        return next((each for each in self.askings if each.play == play), None)

    def of(self, task: str, *, counts: int | None = None) -> tuple[Asking, ...]:
        """The askings of a task, oldest first: all, or those that count in one round."""
        return tuple(a for a in self.askings if a.task == task and (counts is None or a.counts == counts))

    @property
    def deadlines(self) -> tuple[tuple[Asking, Deadline], ...]:
        """Every deadline the case has had, with the asking it belongs to."""
        return tuple((asking, deadline) for asking in self.askings for deadline in asking.deadlines)

"""What the player decides, in the order home carries it out. All instants come from facts."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Reason(StrEnum):
    """Why a fact settled nothing. It is kept all the same."""

    DUPLICATE = "duplicate"
    CLOSED = "closed"
    ENDED = "ended"
    """This asking has already ended: settled, failed or recalled."""
    OLD_ROUND = "old_round"
    NOT_DECLARED = "not_declared"
    """A moment, an outcome or a finding that the task does not know."""
    TURNED_ALREADY = "turned_already"
    BEGUN = "begun"
    """Too late to return: what was asked has begun."""
    NOT_OPEN = "not_open"
    """Nobody may raise that now."""
    STALE_TIMER = "stale_timer"


@dataclass(frozen=True)
class Seat:
    """Who takes part: the role as the pathway names it, and the party that holds it (None: the participant)."""

    role: str
    party: str | None


@dataclass(frozen=True)
class Opened:
    """The needs are settled and the referral accepted: others may hear of the case."""

    at: datetime


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A task is asked of a party. `play` is the same however often home asks."""

    task: str
    round: int
    n: int
    play: UUID
    kind: str
    party: str
    owner: str
    at: datetime
    due: dict[str, datetime]
    """Reach -> instant, for what is known now; the rest follows from facts (`24 hours after booked`)."""
    seats: tuple[Seat, ...] = ()
    outcomes: tuple[str, ...] = ()
    finds: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict[str, tuple[str, ...]]())
    contributions: dict[str, str] = field(default_factory=lambda: dict[str, str]())
    signed_by: tuple[str, ...] = ()
    each_decides: bool = False
    hours: int | None = None
    choose_from: tuple[str, ...] = ()
    package: str | None = None
    lasts: str | None = None
    waiver: bool = False
    between: tuple[str, ...] = ()
    group: str | None = None
    every: str | None = None
    interpreter: str | None = None
    """The party that orders an interpreter, for a meeting, where the area has providers."""
    authority: bool = False


@dataclass(frozen=True, kw_only=True)
class Settle:
    """An asking ended with an outcome that somebody hears (it may yet turn or end the case)."""

    task: str
    round: int
    play: UUID
    outcome: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Skip:
    """A stage (task None) or a task is passed by: its condition is not true."""

    stage: str
    task: str | None
    round: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Recall:
    """Takes back a request that has not begun."""

    task: str
    round: int
    play: UUID
    kind: str
    party: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The journey goes back to a stage, which begins its next round."""

    stage: str
    round: int
    at: datetime


@dataclass(frozen=True)
class StartTimer:
    key: str
    at: datetime


@dataclass(frozen=True)
class StopTimer:
    key: str


@dataclass(frozen=True, kw_only=True)
class Met:
    """A deadline was kept; `learnt_late` if it had already been called missed."""

    task: str
    round: int
    play: UUID
    reach: str
    due: datetime
    at: datetime
    owner: str
    learnt_late: bool = False


@dataclass(frozen=True, kw_only=True)
class Missed:
    """A deadline passed without what it waits for, or what it waits for came after it."""

    task: str
    round: int
    play: UUID
    reach: str
    due: datetime
    owner: str


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Something happened to a task that the parties of the case may hear of (see `audience`)."""

    task: str
    round: int
    kind: str
    moment: str
    outcome: str | None
    at: datetime
    authority: bool = False
    """No private party hears of it."""


@dataclass(frozen=True, kw_only=True)
class Otherwise:
    """An asking ended badly and nobody hears it: the area's rule answers. `task` None: the whole case is silent."""

    task: str | None
    round: int
    play: UUID | None
    outcome: str
    at: datetime


@dataclass(frozen=True)
class Ignored:
    """The fact is kept and settles nothing."""

    reason: Reason


@dataclass(frozen=True)
class Early:
    """The fact comes before what it needs (`case.opened`, or the asking it answers): home lets it wait."""

    needs: str


@dataclass(frozen=True)
class Close:
    ending: str
    at: datetime


Decision = (
    Opened
    | Ask
    | Settle
    | Skip
    | Recall
    | Turn
    | StartTimer
    | StopTimer
    | Met
    | Missed
    | Moved
    | Otherwise
    | Ignored
    | Early
    | Close
)

"""What can happen to a case, as the player hears it. `at` is the time in the fact, never a clock's."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Received:
    """The referral was received: the first thing that happens to a case."""

    at: datetime


@dataclass(frozen=True, kw_only=True)
class Told:
    """A party's service told a fact that repeats a play: `booked`, `held`, `completed`, `started`, `granted`, …"""

    at: datetime
    play: UUID
    moment: str
    outcome: str | None = None
    """May be left out where the task knows only one; else a word the task declares."""
    findings: dict[str, str] = field(default_factory=lambda: dict[str, str]())
    party: str | None = None


@dataclass(frozen=True)
class Rang:
    """A timer that the player started went off. It is reckoned from its own instant, not from when it was served."""

    at: datetime
    timer: str


@dataclass(frozen=True)
class Raised:
    """Somebody raised a task that is asked by need, or reported a deviation."""

    at: datetime
    task: str
    by: str


@dataclass(frozen=True)
class Returned:
    """The receiver sends the referral back: possible while a task that declares `returned` has not begun."""

    at: datetime
    reason: str
    """One of `score.entry.return_reasons`."""


@dataclass(frozen=True)
class WithdrawnBySender:
    """The referrer takes the referral back."""

    at: datetime


Happening = Received | Told | Rang | Raised | Returned | WithdrawnBySender

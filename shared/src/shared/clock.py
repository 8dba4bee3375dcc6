"""What time it is, as something that can be given to whoever needs it."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The one source of 'now'. Always aware, always UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class StoppedClock:
    """A clock that stands still until it is set: for the demo and for tests."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        """Moves the clock. Time never runs backwards: an earlier instant is ignored."""
        self._at = max(self._at, at.astimezone(UTC))

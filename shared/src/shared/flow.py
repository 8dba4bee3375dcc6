"""Whether publishing and consuming make progress: what `/flowz` and its metric say."""

import logging
import time
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

STALE = 15.0


@dataclass
class Line:
    """One direction of the flow, as last seen."""

    seen: float = field(default_factory=time.monotonic)
    fault: str | None = None
    standing_by: bool = False
    waiting: int = 0


class Flow:
    """The honest view: a direction is green only if it proved progress within the last 15 seconds."""

    def __init__(self, *directions: str) -> None:
        self.lines = {name: Line() for name in directions}

    def add(self, direction: str) -> None:
        """One direction more, as a recipient's forwarder."""
        self.lines.setdefault(direction, Line())

    def going(self, direction: str, *, waiting: int = 0) -> None:
        line = self.lines[direction]
        if line.fault:
            log.info("%s goes on", direction)
        line.seen, line.fault, line.standing_by, line.waiting = time.monotonic(), None, False, waiting

    def standing_by(self, direction: str) -> None:
        line = self.lines[direction]
        line.seen, line.fault, line.standing_by = time.monotonic(), None, True

    def stalled(self, direction: str, error: BaseException) -> None:
        """Only the kind of error is kept: its text may hold addresses or values."""
        line = self.lines[direction]
        if line.fault != type(error).__name__:
            log.warning("%s stalled: %s", direction, type(error).__name__)
        line.fault = type(error).__name__

    def faults(self) -> dict[str, str]:
        """What does not flow, by direction; empty when all is well."""
        now = time.monotonic()
        said = {name: line.fault or "" for name, line in self.lines.items() if line.fault}
        stale = {n: "no progress" for n, line in self.lines.items() if now - line.seen > STALE}
        return stale | said

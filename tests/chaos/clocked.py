"""Starts a service whose clock can be put wrong from outside: `python -m chaos.clocked <file> up <service> …`.

The product reads the time in one class; here that class adds the seconds that stand in the file, eight bytes.
"""

import mmap
import struct
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.calendar import STOCKHOLM
from shared.clock import SystemClock

ELEVEN = 11
SECONDS = struct.Struct("d")


def to_the_forenoon() -> timedelta:
    """What makes it eleven in Stockholm: people meet by day, whenever the run is."""
    now = datetime.now(STOCKHOLM)
    return now.replace(hour=ELEVEN, minute=0, second=0, microsecond=0) - now


class ShiftedClock:
    """The machine's clock, so much later or earlier."""

    def __init__(self, shift: timedelta) -> None:
        self._shift = shift

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift


def put(path: Path, shift: timedelta) -> None:
    """From now on the process that was started with this file is so far off."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(SECONDS.pack(shift.total_seconds()))


def _follow(path: Path) -> None:
    with path.open("rb") as file:
        seconds = mmap.mmap(file.fileno(), SECONDS.size, access=mmap.ACCESS_READ)

    def now(self: SystemClock) -> datetime:  # noqa: ARG001 -- as a method
        return datetime.now(UTC) + timedelta(seconds=SECONDS.unpack_from(seconds)[0])

    SystemClock.now = now


if __name__ == "__main__":
    _follow(Path(sys.argv.pop(1)))
    from shared.cli import main

    main()

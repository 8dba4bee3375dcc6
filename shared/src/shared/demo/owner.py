"""One process owns a data directory: whoever runs services in it, embedded or as a demo."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from shared.errors import Refused

LOCK = "owner.lock"


class InUse(Refused):
    """Another process owns the data directory."""


@contextmanager
def owned(directory: Path) -> Generator[None]:
    """Until the block ends, or the process does. The directory is made if need be. Raises `InUse`."""
    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise InUse(f"End the one that runs in {directory}, or give another directory with --data.") from error
    try:
        yield
    finally:
        lock.release()

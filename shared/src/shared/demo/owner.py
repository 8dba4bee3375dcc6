"""One process owns a data directory: whoever runs services in it, embedded or as a demo."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from shared.errors import Refused

LOCK = "owner.lock"
A_MOMENT = 0.5
"""Somebody who only looks whether it is owned holds it no longer."""


class InUse(Refused):
    """Another process owns the data directory."""


@contextmanager
def owned(directory: Path) -> Generator[None]:
    """Until the block ends, or the process does. The directory is made if need be. Raises `InUse`."""
    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / LOCK, timeout=A_MOMENT)
    try:
        lock.acquire()
    except Timeout as error:
        raise InUse(f"End the one that runs in {directory}, or give another directory with --data.") from error
    try:
        yield
    finally:
        lock.release()


def is_owned(directory: Path) -> bool:
    """Whether a process that lives owns it now."""
    if not (directory / LOCK).exists():
        return False
    lock = FileLock(directory / LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False

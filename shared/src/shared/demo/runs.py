"""What a demo's directory remembers of its run; what an earlier demo left is emptied, and nobody else's files are."""

import shutil
from pathlib import Path

from pydantic import BaseModel, ValidationError

from shared import secret_file
from shared.errors import Refused

from .owner import LOCK

RUN = "run.json"


class NotADemos(Refused):
    """That directory holds something else than a demo."""


class Run(BaseModel):
    """What a resumed run must know: the key of its clock, its name in idempotency keys; its ports, while they are free.

    `plays`: the script and the servers, as a hash. `going`: begun and not finished.
    """

    key: str
    name: str
    ports: dict[str, int]
    plays: str
    going: bool = False


def known(directory: Path) -> Run | None:
    """The run of the directory; one that this version cannot read is as good as finished."""
    path = directory / RUN
    if not path.exists():
        return None
    try:
        return Run.model_validate_json(path.read_bytes())
    except ValidationError:
        return Run(key="", name="", ports={}, plays="")


def keep(directory: Path, run: Run) -> None:
    secret_file.write(directory / RUN, run.model_dump_json().encode(), replace=True)


def empty(directory: Path) -> None:
    """Removes what a demo left there."""
    for path in directory.iterdir():
        if path.name == LOCK:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def require_empty(directory: Path) -> None:
    """Nobody else's files are touched. Raises `NotADemos`."""
    if any(path.name != LOCK for path in directory.iterdir()):
        raise NotADemos(f"Give an empty directory with --data; {directory} is not one.")

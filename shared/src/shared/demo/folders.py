"""Where a demo of several organisations keeps what each of them keeps: a folder each, since they share nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.errors import Invalid

from .owner import LOCK
from .runs import RUN, NotADemos, empty
from .script import Script


class SameOrganisation(Invalid):
    """Two scripts are of one organisation."""


def folders(data: Path, scripts: Sequence[Script]) -> Mapping[Path, Script]:
    """Raises `NotADemos` where somebody else's files are, and `SameOrganisation`."""
    if (data / RUN).exists():  # one organisation's, played there by itself
        empty(data)
    strange = [path.name for path in data.iterdir() if path.name != LOCK and not _a_demos(path)]
    if strange:
        raise NotADemos(f"Give an empty directory with --data; {data} is not one.")
    found = {data / script.organisation: script for script in scripts}
    if len(found) != len(scripts):
        raise SameOrganisation("Play one of them, or the other.")
    return found


def _a_demos(path: Path) -> bool:
    """A folder with a run in it, or one in which none was begun."""
    return path.is_dir() and ((path / RUN).exists() or {each.name for each in path.iterdir()} <= {LOCK})

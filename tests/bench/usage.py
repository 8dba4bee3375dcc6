"""CPU seconds and memory of processes, by what they are."""

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

DRIVER = "driver"


@dataclass
class Usage:
    """CPU seconds by label, and how long it took; filled when the block ends."""

    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict[str, float])


@contextmanager
def measured(pids: Mapping[str, int]) -> Generator[Usage]:
    """What the block costs these processes, all they started, and this one."""
    usage = Usage()
    before, began = _times(pids), time.perf_counter()
    yield usage
    usage.seconds = time.perf_counter() - began
    after = _times(pids)
    usage.cpu = {label: round(max(after[label] - before.get(label, 0.0), 0.0), 2) for label in after}


def resident(pid: int) -> float:
    """MiB of the process and all it started."""
    found = 0
    for process in _family(pid):
        with contextlib.suppress(psutil.Error):
            found += process.memory_info().rss
    return found / 2**20


def _times(pids: Mapping[str, int]) -> dict[str, float]:
    spent: defaultdict[str, float] = defaultdict(float)
    own = psutil.Process(os.getpid()).cpu_times()
    spent[DRIVER] = own.user + own.system
    for label, pid in pids.items():
        for process in _family(pid):
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                # A server's sessions that ended meanwhile are counted by the parent that has waited for them.
                ended = times.children_user + times.children_system if process.pid == pid else 0.0
                spent[label] += times.user + times.system + ended
    return dict(spent)


def _family(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []

"""Ends servers whose starter is gone: reads what to end on standard input, and acts when that closes.

Runs as a program of its own, so that it also acts when the starter is killed without warning.
Lines: `+<pid> <signal>` and `-<pid>` for a process group, `/<path>` for a directory to remove.
"""

import os
import shutil
import signal
import sys
import time

PATIENCE = 3.0  # seconds from a group's own signal to SIGKILL


def _signal_group(group: int, number: int) -> bool:
    """False when the group has no process left."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end(groups: dict[int, int], directories: list[str]) -> None:
    for group, number in groups.items():
        _signal_group(group, number)
        _signal_group(group, signal.SIGCONT)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and any([_signal_group(group, 0) for group in groups]):
        time.sleep(0.05)
    for group in groups:
        _signal_group(group, signal.SIGKILL)
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


def main() -> None:
    groups: dict[int, int] = {}
    directories: list[str] = []
    for line in sys.stdin:
        order, rest = line[0], line[1:].rstrip("\n")
        if order == "+":
            group, number = rest.split()
            groups[int(group)] = int(number)
        elif order == "-":
            groups.pop(int(rest), None)
        else:
            directories.append(order + rest)
    end(groups, directories)


if __name__ == "__main__":
    main()

"""Has a file of somebody else's read by a process of its own: one that a file breaks or holds up is not the service."""

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator
from typing import Any, Final

from shared.errors import Invalid, Refused

from .confined import name_of

WALL: Final = 60.0
"""Seconds by the clock, where the machine has much else to do."""
REMEDY: Final = "Copy the rows into the template, or send them in several documents."

log = logging.getLogger(__name__)


class TakesTooMuch(Invalid):
    """The file takes too much to read."""


async def read_apart(module: str, kind: str, content: bytes) -> Any:
    """What `module` answers by `shared.http.confined`. Raises what it refuses with, and `TakesTooMuch`.

    The file goes by a pipe; command line and environment hold nothing of it, nor secrets of the service.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module, kind),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        async with asyncio.timeout(WALL):
            written, _ = await process.communicate(content)
    except TimeoutError:
        raise TakesTooMuch(REMEDY) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        log.warning("a process that read a file ended with %d", process.returncode)
        raise TakesTooMuch(REMEDY)
    said = json.loads(written)
    if "refused" in said:
        kinds = {name_of(each): each for each in _refusals(Refused)}
        raise kinds[said["refused"]](said["remedy"], **said["facts"])
    return said["read"]


def _refusals(kind: type[Refused]) -> Iterator[type[Refused]]:
    for each in kind.__subclasses__():
        yield each
        yield from _refusals(each)

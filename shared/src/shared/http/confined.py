"""What a process does that reads one file of somebody else's: limits itself, reads, answers. It loads little."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from shared.errors import Refused

MEMORY: Final = 512 * 1024 * 1024
PROCESSOR: Final = 20
"""Seconds of work."""


def answer(read: Callable[[str, bytes], Any]) -> None:
    """Reads its input as the media type that it was started with, and writes what `read` makes of it as JSON."""
    _confine()
    try:
        said = {"read": read(sys.argv[1], sys.stdin.buffer.read())}
    except Refused as refused:
        said = {"refused": name_of(type(refused)), "remedy": refused.remedy, "facts": refused.facts}
    written = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    sys.stdout.buffer.write(written.encode(errors="surrogatepass"))


def name_of(kind: type[Refused]) -> str:
    """By which both processes know a refusal."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _confine() -> None:
    """So that no file takes the machine, and none is left in a core file; as far as the system knows such limits."""
    if sys.platform == "win32":
        return
    import resource

    limits = {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_CPU: PROCESSOR, resource.RLIMIT_CORE: 0}
    for what, most in limits.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))

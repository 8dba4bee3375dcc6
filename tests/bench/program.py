"""How the benchmark's own programs run: on the fast loop, and never longer than whoever started them."""

import os
import signal
import sys
import threading
from collections.abc import Coroutine
from typing import Any

from shared.loop import run


def main(work: Coroutine[Any, Any, None]) -> None:
    """Until it is ended, or the other end of its standard input is gone."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    run(work)


def _end_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)

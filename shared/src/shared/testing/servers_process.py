"""One server process of our own: killed, paused and resumed by its number, and never left behind."""

import atexit
import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from shared.testing import servers_watch

PORTS = range(20000, 30000)  # below what systems hand out to outgoing connections: a killed server finds its port free


class ServerFailed(Exception):
    """A test server did not do what it was started for; the end of its log follows."""


def free_port() -> int:
    """A loopback port nobody listens on now."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


class _Watcher:
    """The program that ends our servers if we are killed; one for this process, started with the first server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._program: subprocess.Popen[str] | None = None

    def tell(self, line: str) -> None:
        with self._lock:
            if self._program is None:
                command = [sys.executable, "-I", "-S", servers_watch.__file__]
                self._program = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)
                atexit.register(self.finish)
            assert self._program.stdin is not None
            self._program.stdin.write(line + "\n")
            self._program.stdin.flush()

    def finish(self) -> None:
        """End what is left, and wait for it."""
        with self._lock:
            if self._program is not None:
                self._program.communicate()
                self._program = None


_watcher = _Watcher()


def private_directory(name: str) -> Path:
    """A new directory, removed by `remove` or when this process is gone."""
    path = Path(tempfile.mkdtemp(prefix=f"samspar-{name}-"))
    _watcher.tell(str(path))
    return path


def remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)


class ServerProcess:
    """A running server and everything it started, in a process group of its own."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        directory: Path,
        environment: Mapping[str, str],
        user: str | None = None,
        ends_on: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.log = directory / f"{Path(command[0]).name}.log"
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                command,
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=user,
                group=_group_of(user),
                extra_groups=[] if user else None,
            )
        self.pid = self._child.pid
        _watcher.tell(f"+{self.pid} {ends_on.value}")

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def failed(self, what: str) -> ServerFailed:
        return ServerFailed(f"{what}\n{self.log_text()}")

    def kill(self) -> None:
        """SIGKILL to the server and all it started, at once."""
        everything = self._everything()
        for process in everything:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._child.wait(10)
        while not all(_ended(process) for process in everything):
            time.sleep(0.01)
        _watcher.tell(f"-{self.pid}")

    def end(self, by: signal.Signals, *, within: float) -> None:
        """Ask the server to end, and kill it where it has not after `within` seconds."""
        if self.running:
            self.resume()
            self._child.send_signal(by)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(within)
        self.kill()

    def pause(self) -> None:
        """Stop the server in its tracks: connections stay open and nothing answers."""
        for process in self._everything():
            if process.pid != self.pid:  # what is stopped does not notice that its parent died
                _watcher.tell(f"+{process.pid} {signal.SIGKILL.value}")
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()

    def resume(self) -> None:
        for process in reversed(self._everything()):
            if process.pid != self.pid:
                _watcher.tell(f"-{process.pid}")
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def _everything(self) -> list[psutil.Process]:
        if not self.running:
            return []
        server = psutil.Process(self.pid)
        return [server, *server.children(recursive=True)]


def _ended(process: psutil.Process) -> bool:
    """A zombie counts as ended (not every system's first process reaps orphans), once its last thread is gone:
    until then it listens."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.NoSuchProcess:
        return True


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    return pwd.getpwnam(user).pw_gid


def unprivileged_user(*preferred: str) -> str | None:
    """The user a server that refuses root runs as; None where we are not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(user for user in (*preferred, "nobody") if user in known)

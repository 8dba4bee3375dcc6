"""A private PostgreSQL server for tests that must be able to kill it."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from shared.testing.servers_process import (
    ServerFailed,
    ServerProcess,
    free_port,
    private_directory,
    remove,
    unprivileged_user,
)

PLACES = ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr/pgsql-*")
PATIENCE = 30.0  # seconds to the first answer

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "timezone": "UTC",
}


def _binaries() -> Path | None:
    """The folder with `postgres` and `initdb`, of the newest version that is installed."""
    patterns = ("*/bin/initdb", "postgresql*/bin/initdb")
    found = [path for place in PLACES for pattern in patterns for path in Path(place).glob(pattern)]
    found += [Path(path) for path in (shutil.which("initdb"),) if path]
    return max((path.parent for path in found), key=_version, default=None)


def _version(binaries: Path) -> int:
    digits = "".join(filter(str.isdigit, binaries.parent.name))
    return int(digits) if digits else 0


class Postgres:
    """A server with data of its own, on loopback, where every password is accepted.

    `with Postgres() as server:` starts and removes it. Its methods block, `start` for 0.1 to 1 s: from a test
    with a running loop, `await asyncio.to_thread(server.start)`.

    fsync: leave it off where only processes are killed; the system keeps what they wrote.
    settings: of postgresql.conf, in addition.
    """

    def __init__(self, *, fsync: bool = False, settings: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        switches = {"fsync": "on" if fsync else "off", "full_page_writes": "on" if fsync else "off"}
        self._settings = SETTINGS | switches | {"port": str(self.port)} | dict(settings or {})
        self._user = unprivileged_user("postgres")
        self._directory: Path | None = None
        self._process: ServerProcess | None = None

    @staticmethod
    def available() -> bool:
        return _binaries() is not None

    @property
    def url(self) -> str:
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def start(self) -> None:
        """Start, with the data and the port of last time; a paused server goes on."""
        if self._process is not None and self._process.running:
            self._process.resume()
            return
        directory = self._directory or self._new_directory()
        deadline = time.monotonic() + PATIENCE
        while not self._try_to_start(directory, deadline):
            time.sleep(0.1)

    def stop(self) -> None:
        """End as an administrator would: sessions are cut, data is written."""
        if self._process is not None:
            self._process.end(signal.SIGINT, within=30)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def pause(self) -> None:
        if self._process is not None:
            self._process.pause()

    def resume(self) -> None:
        if self._process is not None:
            self._process.resume()

    def close(self) -> None:
        """End, and remove the data."""
        if self._process is not None:
            self._process.end(signal.SIGQUIT, within=5)
        if self._directory is not None:
            remove(self._directory)
        self._process = self._directory = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, sql: str, *, database: str = "postgres") -> str:
        """What psql prints for one command, columns split by `|`. 20 ms a call, blocking."""
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.database_url(database), "-c", sql]
        return self._tool(*command).stdout.rstrip("\n")

    def dump(self, database: str, to: Path) -> None:
        """Writes a whole database to a file, as SQL."""
        to.write_text(self._tool("pg_dump", "-d", self.database_url(database)).stdout, encoding="utf-8")

    def create_database(self, name: str = "") -> str:
        """Make an empty database, with a name of its own where none is given; its URL."""
        name = name or f"t{uuid4().hex}"
        self.run(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return self.database_url(name)

    def drop_database(self, url: str) -> None:
        """Drop it, whoever is still connected."""
        self.run(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def _try_to_start(self, directory: Path, deadline: float) -> bool:
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        command = [self._binary("postgres"), "-D", str(directory / "data"), *options]
        self._process = ServerProcess(
            command,
            directory=directory,
            environment=dict(os.environ),
            user=self._user,
            ends_on=signal.SIGQUIT,
        )
        while self._process.running:
            with contextlib.suppress(ServerFailed):
                self.run("SELECT 1")
                return True
            if time.monotonic() > deadline:
                raise self._process.failed("PostgreSQL does not answer.")
            time.sleep(0.02)
        # After a kill the old sessions need a moment to notice, and the data directory is theirs until then.
        if "pre-existing shared memory" in self._process.log_text() and time.monotonic() < deadline:
            return False
        raise self._process.failed("PostgreSQL ended while starting.")

    def _new_directory(self) -> Path:
        self._directory = directory = private_directory("postgres")
        if self._user:
            shutil.chown(directory, self._user)
        self._tool(
            "initdb", "-D", str(directory / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--no-locale", "--no-sync", "--no-instructions",
        )  # fmt: skip
        return directory

    def _tool(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [self._binary(name), *arguments],
            cwd=self._directory,
            user=self._user,
            extra_groups=[] if self._user else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise ServerFailed(f"{name}: {result.stderr.strip()}")
        return result

    def _binary(self, name: str) -> str:
        binaries = _binaries()
        if binaries is None:
            raise ServerFailed("PostgreSQL is not installed; `make test-servers` installs it.")
        return str(binaries / name)

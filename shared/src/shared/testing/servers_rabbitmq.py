"""A private RabbitMQ node for tests that must be able to kill it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

from shared.testing.servers_process import (
    ServerFailed,
    ServerProcess,
    free_port,
    private_directory,
    remove,
)

PLACES = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin")
EPMD_PLACES = ("/usr/lib/erlang", "/opt/homebrew/opt/erlang/lib/erlang", "/usr/local/opt/erlang/lib/erlang")
PATIENCE = 90.0  # seconds to the first answer
USER = "guest"

# Schedulers that spin while idle cost the tests more than they give the broker.
ERLANG = "+sbwt none +sbwtdcpu none +sbwtdio none"


def _server() -> Path | None:
    """The script itself; the one on Debian's PATH changes user and drops the environment."""
    found = [Path(place, "rabbitmq-server") for place in PLACES]
    return next((path for path in found if path.exists()), None)


def _epmd() -> Path | None:
    found = [path for place in EPMD_PLACES for path in sorted(Path(place).glob("erts-*/bin/epmd"))]
    on_path = shutil.which("epmd")
    return Path(on_path) if on_path else next(iter(found), None)


@dataclass(frozen=True)
class Vhost:
    """A virtual host of one test's own. `url` for AMQP, with the administrator's credentials."""

    name: str
    url: str
    management_url: str


class RabbitMQ:
    """A node with data of its own, on loopback, with its management API; `guest` administers it.

    `with RabbitMQ() as broker:` starts and removes it. Its methods block, `start` for 5 to 15 s: from a test
    with a running loop, `await asyncio.to_thread(broker.start)`.

    A quorum queue younger than 3 s does not survive `kill` on RabbitMQ 3.10: wait, then kill.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.management_port = free_port()
        self._epmd_port = free_port()
        self._distribution_port = free_port()
        self._directory: Path | None = None
        self._names: ServerProcess | None = None
        self._process: ServerProcess | None = None

    @staticmethod
    def available() -> bool:
        return _server() is not None and _epmd() is not None

    @property
    def url(self) -> str:
        return self._url("")

    @property
    def management_url(self) -> str:
        return f"http://{USER}:{USER}@127.0.0.1:{self.management_port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def start(self) -> None:
        """Start, with the data and the ports of last time; a paused node goes on."""
        if self._process is not None and self._process.running:
            self._process.resume()
            return
        server, epmd = _server(), _epmd()
        if server is None or epmd is None:
            raise ServerFailed("RabbitMQ is not installed; `make test-servers` installs it.")
        directory = self._directory or self._new_directory()
        environment = self._environment(directory)
        if self._names is None:
            command = [epmd, "-port", str(self._epmd_port), "-address", "127.0.0.1"]
            self._names = ServerProcess(command, directory=directory, environment=environment)
        self._process = ServerProcess([server], directory=directory, environment=environment)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if not self._process.running:
                raise self._process.failed("RabbitMQ ended while starting.")
            if time.monotonic() > deadline:
                raise self._process.failed("RabbitMQ does not answer.")
            time.sleep(0.1)

    def stop(self) -> None:
        """End as an administrator would."""
        if self._process is not None:
            self._process.end(signal.SIGTERM, within=60)

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
        """End at once, and remove the data."""
        for process in (self._process, self._names):
            if process is not None:
                process.kill()
        if self._directory is not None:
            remove(self._directory)
        self._process = self._names = self._directory = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def manage(self, method: str, path: str, body: object = None) -> Any:
        """Call the management API (`path` from `/api` on); the JSON it answers, None where it answers nothing."""
        with httpx.Client(base_url=self.management_url, trust_env=False, timeout=10) as client:
            response = client.request(method, f"/api{path}", json=body)
        if response.is_error:
            raise ServerFailed(f"{method} /api{path}: {response.status_code} {response.text}")
        return response.json() if response.content else None

    def control(self, *command: str) -> str:
        """What `rabbitmqctl` answers for what the management API cannot do; a second or two of a whole processor."""
        server, directory = _server(), self._directory
        if server is None or directory is None:
            raise ServerFailed("RabbitMQ was not started.")
        result = subprocess.run(
            [server.with_name("rabbitmqctl"), "-q", *command],
            env=self._environment(directory),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if result.returncode:
            raise ServerFailed(f"rabbitmqctl {command[0]}: {(result.stderr or result.stdout).strip()}")
        return result.stdout.rstrip("\n")

    @contextlib.contextmanager
    def vhost(self) -> Generator[Vhost]:
        """A new virtual host; removed afterwards, with the users that were made meanwhile."""
        name = f"t{uuid4().hex}"
        users = self._users()
        self.manage("PUT", f"/vhosts/{name}")
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self.manage("PUT", f"/permissions/{name}/{USER}", everything)
        try:
            yield Vhost(name, self._url(name), self.management_url)
        finally:
            self.start()
            self.manage("DELETE", f"/vhosts/{name}")
            for user in self._users() - users:
                self.manage("DELETE", f"/users/{user}")

    def _users(self) -> set[str]:
        return {user["name"] for user in self.manage("GET", "/users")}

    def _url(self, vhost: str) -> str:
        return f"amqp://{USER}:{USER}@127.0.0.1:{self.port}/{vhost}"

    def _answers(self) -> bool:
        try:
            self.manage("GET", "/overview")
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except (httpx.TransportError, OSError, ServerFailed):
            return False

    def _new_directory(self) -> Path:
        self._directory = directory = private_directory("rabbitmq")
        cookie = directory / ".erlang.cookie"
        cookie.write_text(uuid4().hex)
        cookie.chmod(0o400)
        (directory / "environment").touch()
        (directory / "plugins").write_text("[rabbitmq_management].\n")
        (directory / "rabbitmq.conf").write_text(
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.management_port}\n"
            "disk_free_limit.absolute = 50MB\nlog.console = true\nlog.file = false\n"
        )
        return directory

    def _environment(self, directory: Path) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
        return kept | {
            "HOME": str(directory),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"r{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(directory / "environment"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(directory / "generated"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG,
        }

"""What the faults play on: the five services as processes, each behind proxies of its own to both servers."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from bench.deployed import ORGANISATION, Deployment, deploy
from bench.ground import TESTS, Ground
from shared.caller import audience_of
from shared.http.policies import OPERATE
from shared.issuer import Signer
from shared.settings import environment
from shared.testing.servers import free_port

from . import clocked
from .clocked import ShiftedClock, to_the_forenoon
from .plan import BROKER, POSTGRES, SERVICES
from .proxy import Proxy

PAUSE = 0.3
SETTLE = 4.0
"""Seconds that a new quorum queue needs before its broker may be killed (3.10), and services to start."""
OPERATORS = "operations"


@dataclass(eq=False)
class Process:
    """One service: started, and started again whenever it ends."""

    name: str
    directory: Path
    told: Mapping[str, str]
    label: str = ""
    starts: int = 0
    running: asyncio.subprocess.Process | None = None
    may_start: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def log(self) -> Path:
        return self.directory / f"{self.label or self.name}.log"

    @property
    def clock(self) -> Path:
        return self.directory / f"{self.name}.clock"

    async def keep_up(self) -> None:
        """Until cancelled. It ends by itself when the other end of its standard input is gone."""
        command = [sys.executable, "-m", "chaos.clocked", str(self.clock), "up", self.name, "--while-stdin"]
        self.may_start.set()
        try:
            while True:
                await self.may_start.wait()
                with self.log.open("ab") as log:
                    self.running = await asyncio.create_subprocess_exec(
                        *command,
                        stdin=asyncio.subprocess.PIPE,
                        stdout=log,
                        stderr=log,
                        cwd=TESTS,
                        env=environment() | dict(self.told),
                    )
                self.starts += 1
                await self.running.wait()
                await asyncio.sleep(PAUSE)
        finally:
            await self._end()

    def signal(self, number: int) -> None:
        """To the process, if one runs now."""
        if self.running is not None and self.running.returncode is None:
            with suppress(ProcessLookupError):
                self.running.send_signal(number)

    async def _end(self) -> None:
        if self.running is None or self.running.returncode is not None:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.running.wait(), 15)
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self.running.wait()


@dataclass(frozen=True)
class Stage:
    """Everything that can be broken, and the way there."""

    deployment: Deployment
    directory: Path
    processes: Mapping[str, Process]
    proxies: Mapping[str, Proxy]
    shift: timedelta
    signer: Signer

    @property
    def ground(self) -> Ground:
        return self.deployment.ground

    def token(self, service: str, party: str) -> str:
        """An access token by the clocks of the services. A new one is half a millisecond's work."""
        return self.signer.issue(
            organisation=ORGANISATION,
            party=party,
            subject=f"chaos-{party}",
            client_id=f"chaos-{party}",
            audience=audience_of(ORGANISATION, service),
            scopes=[f"samspar.{service}", *([OPERATE] if party == OPERATORS else [])],
        )

    def twin(self, service: str) -> Process:
        """A second process of a service, as an operator starts one too many: at another port, on the same database."""
        told = {**self.processes[service].told, "SAMSPAR_PORT": str(free_port())}
        return Process(service, self.directory, told, label=f"{service}-twin")

    def set_clock(self, service: str, off: float) -> None:
        """So many seconds wrong; 0 is right."""
        clocked.put(self.processes[service].clock, self.shift + timedelta(seconds=off))


@asynccontextmanager
async def staged(ground: Ground, directory: Path) -> AsyncGenerator[Stage]:
    """On fresh databases and queues, until the block ends; logs stay in the directory, which exists."""
    deployment = await deploy(ground)
    shift = to_the_forenoon()
    signer = Signer(deployment.signer.name, clock=ShiftedClock(shift))
    signer.write_public_keys(deployment.directory / "parties" / "keys.json")
    proxies = {
        f"{name}>{server}": Proxy(to=port)
        for name in SERVICES
        for server, port in ((BROKER, ground.rabbitmq.port), (POSTGRES, ground.postgres.port))
    }
    for proxy in proxies.values():
        await proxy.start()
    processes = {name: Process(name, directory, _told(deployment, proxies, name)) for name in SERVICES}
    stage = Stage(deployment, directory, processes, proxies, shift, signer)
    for name in SERVICES:
        stage.set_clock(name, 0)
    kept = [asyncio.create_task(process.keep_up()) for process in processes.values()]
    try:
        await asyncio.sleep(SETTLE)
        yield stage
    finally:
        for task in kept:
            task.cancel()
        await asyncio.gather(*kept, return_exceptions=True)
        for proxy in proxies.values():
            await proxy.close()


def _told(deployment: Deployment, proxies: Mapping[str, Proxy], name: str) -> dict[str, str]:
    told = deployment.environment(name, None)
    through = {"SAMSPAR_BROKER_URL": f"{name}>{BROKER}", "SAMSPAR_DATABASE_URL": f"{name}>{POSTGRES}"}
    return told | {setting: _at_port(told[setting], proxies[link].port) for setting, link in through.items()}


def _at_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}"))

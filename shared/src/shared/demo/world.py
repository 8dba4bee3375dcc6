"""Where a demo lives: its directory, its organisation as deployed, its keys, and what each service is told."""

import hashlib
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from shared import secret_file
from shared.errors import Invalid
from shared.installed import names
from shared.issuer import PRIVATE_FILE, PUBLIC_FILE, DevelopmentIssuer, Signer, kept_key
from shared.vault import KeyRing

from . import runs
from .runs import Run
from .script import Script
from .taking_part import write_parties

TOLD = "told"
FIRST_PORT = 8101
ISSUER = "https://issuer.demo.invalid"


@dataclass(frozen=True)
class Servers:
    """The real servers of a demo; both or neither. `database` names a server, not a database."""

    broker: str
    database: str


def servers(broker: str | None, database: str | None) -> Servers | None:
    """Those that were named. Raises `HalfReal`."""
    if broker is None and database is None:
        return None
    if broker is None or database is None:
        raise HalfReal("Give both --broker and --database, or neither.")
    return Servers(broker, database)


class HalfReal(Invalid):
    """A demo runs embedded, or on a broker and a database server."""


@dataclass(frozen=True)
class World:
    """One run. Its name is part of every idempotency key, so that a resumed run repeats itself."""

    directory: Path
    script: Script
    servers: Servers | None
    pathways: Path
    run: Run
    signer: Signer
    resumed: bool
    elsewhere: bool = False

    @property
    def ports(self) -> dict[str, int]:
        return self.run.ports

    @property
    def embedded(self) -> bool:
        """All of it is in this process."""
        return self.servers is None and not self.elsewhere

    @property
    def parties(self) -> Path:
        return _told(self.directory, elsewhere=self.elsewhere) / "parties"

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    def database(self, service: str) -> str:
        """Its name on a server, where other organisations play too."""
        return f"samspar_{self.script.organisation}_{service}"

    def settings(self, service: str) -> dict[str, Any]:
        """What a service is told, by the names of its settings."""
        told: dict[str, Any] = {
            "organisation": self.script.organisation,
            "data": self.directory,
            "parties": self.parties,
            "pathways": self.pathways,
            "port": self.ports[service],
            "keyring": self.directory / "keyring.json",
            "demo_clock": self.script.begins,
            "demo_key": SecretStr(self.run.key),
        }
        if self.servers is None:
            return told | {"broker_url": SecretStr(f"embedded://{self.directory}")}
        database = f"{self.servers.database.rstrip('/')}/{self.database(service)}"
        return told | {"broker_url": SecretStr(self.servers.broker), "database_url": SecretStr(database)}

    def began(self) -> None:
        """What an earlier demo left is gone: interrupted from here on, it is resumed."""
        runs.keep(self.directory, self.run.model_copy(update={"going": True}))

    def finished(self) -> None:
        """The next demo starts afresh."""
        runs.keep(self.directory, self.run)


def open_world(
    directory: Path, script: Script, deploy: Path, servers: Servers | None, first_port: int = FIRST_PORT
) -> World:
    """Resumes an unfinished run in the directory, or starts afresh: after a finished one, or one of something else.

    The caller owns the directory. Raises `NotADemos`.
    """
    plays = hashlib.sha256(f"{servers} {script.fingerprint()}".encode()).hexdigest()
    known = runs.known(directory)
    resumed = known is not None and known.going and known.plays == plays
    if known is None or not resumed:
        if known is None:
            runs.require_empty(directory)
        runs.empty(directory)
        known = _new_run(first_port, plays)
    known = known.model_copy(update={"ports": {name: _free_port(port) for name, port in known.ports.items()}})
    runs.keep(directory, known)
    KeyRing.open(directory / "keyring.json")
    signer = _signer(directory, servers)
    signer.write_public_keys(directory / PUBLIC_FILE)
    write_parties(directory / "parties", script, deploy, known.ports, signer, _user(servers))
    return World(
        directory=directory,
        script=script,
        servers=servers,
        pathways=deploy / "pathways",
        run=known.model_copy(update={"going": False}),
        signer=signer,
        resumed=resumed,
    )


def open_elsewhere(directory: Path, script: Script, deploy: Path, first_port: int = FIRST_PORT) -> World:
    """A demo of services that somebody else starts at these ports of 127.0.0.1, with the settings in its folder `told`.

    What they were told once stays, and played again a script repeats itself. The caller owns the directory.
    """
    plays = hashlib.sha256(f"elsewhere {script.fingerprint()}".encode()).hexdigest()
    known = runs.known(directory)
    resumed = known is not None and known.plays == plays
    if known is None or not resumed:
        known = _new_run(first_port, plays)
    runs.keep(directory, known)
    told = _told(directory, elsewhere=True)
    signer = Signer(ISSUER, kept_key(directory / PRIVATE_FILE))
    signer.write_public_keys(told / PUBLIC_FILE)
    secret_file.write(told / "demo_key", known.key.encode(), replace=True)
    secret_file.write(told / "demo_clock", script.begins.isoformat().encode(), replace=True)
    write_parties(told / "parties", script, deploy, known.ports, signer, None)
    return World(directory, script, None, deploy / "pathways", known, signer, resumed, elsewhere=True)


def _told(directory: Path, *, elsewhere: bool) -> Path:
    """Services elsewhere are given a folder with nothing in it that they need not know."""
    return directory / TOLD if elsewhere else directory


def _new_run(first_port: int, plays: str) -> Run:
    ports = {name: first_port + n for n, name in enumerate(_in_order())}
    return Run(key=secrets.token_urlsafe(24), name=secrets.token_hex(8), ports=ports, plays=plays)


def _signer(directory: Path, servers: Servers | None) -> Signer:
    """Embedded: the development issuer. On real servers: one of the demo's own. Either key stays with the data."""
    if servers is None:
        return DevelopmentIssuer.open(directory, broker_url="", database_url="sqlite://", host="127.0.0.1")
    return Signer(ISSUER, kept_key(directory / PRIVATE_FILE))


def _user(servers: Servers | None) -> str | None:
    return None if servers is None else urlsplit(servers.broker).username or "guest"


def _in_order() -> list[str]:
    order = ["referral", "assessment", "booking", "consent", "reporting"]
    return sorted(names(), key=lambda name: (order.index(name) if name in order else len(order), name))


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")

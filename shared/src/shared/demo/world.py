"""Where a demo lives: its directory, its organisation as deployed, its keys, and what each service is told."""

import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, SecretStr

from shared import secret_file
from shared.installed import names
from shared.issuer import PUBLIC_FILE, DevelopmentIssuer, Signer
from shared.parties import Parties
from shared.vault import KeyRing

from .script import Script

FIRST_PORT = 8101
ISSUER = "https://issuer.demo.invalid"


@dataclass(frozen=True)
class Servers:
    """The real servers of a demo; both or neither. `database` names a server, not a database."""

    broker: str
    database: str


class Run(BaseModel):
    """What a resumed run must know: the key of its clock, its name in idempotency keys, its ports."""

    key: str
    name: str
    ports: dict[str, int]


@dataclass(frozen=True)
class World:
    """One run. `key` moves the clock; `run` is part of every idempotency key, so that a resumed run repeats itself."""

    directory: Path
    script: Script
    servers: Servers | None
    pathways: Path
    ports: dict[str, int]
    key: str
    run: str
    signer: Signer
    resumed: bool

    @property
    def parties(self) -> Path:
        return self.directory / "parties"

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

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
            "demo_key": SecretStr(self.key),
        }
        if self.servers is None:
            return told | {"broker_url": SecretStr(f"embedded://{self.directory}")}
        database = f"{self.servers.database.rstrip('/')}/samspar_{service}"
        return told | {"broker_url": SecretStr(self.servers.broker), "database_url": SecretStr(database)}

    def finished(self) -> None:
        """The next demo starts afresh."""
        (self.directory / "run.json").unlink(missing_ok=True)


def open_world(directory: Path, script: Script, deploy: Path, servers: Servers | None) -> World:
    """Resumes an unfinished run in the directory, or starts afresh after a finished one."""
    state = directory / "run.json"
    resumed = state.exists()
    if not resumed and directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    if resumed:
        known = Run.model_validate_json(state.read_bytes())
    else:
        ports = {name: _free_port(FIRST_PORT + n) for n, name in enumerate(_in_order())}
        known = Run(key=secrets.token_urlsafe(24), name=secrets.token_hex(8), ports=ports)
    KeyRing.open(directory / "keyring.json")
    signer = _signer(directory, servers)
    _write_parties(directory / "parties", script, deploy, known.ports, signer, servers)
    secret_file.write(state, known.model_dump_json().encode(), replace=True)
    return World(
        directory=directory,
        script=script,
        servers=servers,
        pathways=deploy / "pathways",
        ports=known.ports,
        key=known.key,
        run=known.name,
        signer=signer,
        resumed=resumed,
    )


def _signer(directory: Path, servers: Servers | None) -> Signer:
    """Embedded: the development issuer, whose key stays. On real servers: a key that lives as long as this process."""
    if servers is None:
        return DevelopmentIssuer.open(directory, broker_url="", database_url="sqlite://", host="127.0.0.1")
    signer = Signer(ISSUER)
    signer.write_public_keys(directory / PUBLIC_FILE)
    return signer


def _write_parties(
    directory: Path, script: Script, deploy: Path, ports: dict[str, int], signer: Signer, servers: Servers | None
) -> None:
    """The demo's organisation alone, as the deployment describes it, at the demo's ports and believing its issuer."""
    directory.mkdir(exist_ok=True)
    shutil.copy(deploy / "parties" / "services.yaml", directory / "services.yaml")
    deployed = yaml.safe_load((deploy / "parties" / f"{script.organisation}.yaml").read_text(encoding="utf-8"))
    deployed["urls"] = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    deployed["services"] = dict.fromkeys(ports, "own")
    deployed["issuers"] = [{"issuer": signer.name, "keys": f"../{PUBLIC_FILE}"}]
    deployed.pop("forwards_to", None)
    if servers is not None:
        user = urlsplit(servers.broker).username or "guest"
        deployed["broker_users"] = dict.fromkeys(ports, user)
    path = directory / f"{script.organisation}.yaml"
    path.write_text(yaml.safe_dump(deployed, allow_unicode=True), encoding="utf-8")
    Parties.load(directory)


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

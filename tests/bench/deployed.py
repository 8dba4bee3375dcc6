"""The real services, each a process of its own as `samspar up` starts it, on fresh databases and queues."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, rmtree
from urllib.parse import urlsplit

import httpx
import yaml
from pydantic import SecretStr

from shared import topology
from shared.caller import audience_of
from shared.installed import bindings, service
from shared.issuer import Signer
from shared.parties import Parties
from shared.settings import Settings
from shared.testing.servers import free_port
from shared.vault import KeyRing

from .ground import ROOT, SERVICES, TESTS, Ground, processes, until

ORGANISATION = "bench"
PATHWAY = "bench/round"
SENDER = "social_services"


@dataclass(frozen=True)
class Deployment:
    """Where the services are, and what they are told."""

    ground: Ground
    directory: Path
    signer: Signer
    ports: Mapping[str, int]
    databases: Mapping[str, str]
    broker: str

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def bearer(self, name: str, party: str = SENDER) -> dict[str, str]:
        """The header of a party's request to a service."""
        token = self.signer.issue(
            organisation=ORGANISATION,
            party=party,
            subject="bench",
            client_id="bench",
            audience=audience_of(ORGANISATION, name),
            scopes=[f"samspar.{name}"],
        )
        return {"Authorization": f"Bearer {token}"}

    def settings(self, name: str) -> Settings:
        """As the process of that service has them."""
        return service(name).settings(
            organisation=ORGANISATION,
            parties=self.directory / "parties",
            pathways=self.directory / "pathways",
            keyring=self.directory / "keyring.json",
            port=self.ports[name],
            broker_url=SecretStr(self.broker),
            database_url=SecretStr(self.databases[name]),
        )

    def environment(self, name: str, traces: str | None) -> dict[str, str]:
        told = {
            "ORGANISATION": ORGANISATION,
            "DATA": self.directory,
            "PARTIES": self.directory / "parties",
            "PATHWAYS": self.directory / "pathways",
            "KEYRING": self.directory / "keyring.json",
            "PORT": self.ports[name],
            "BROKER_URL": self.broker,
            "DATABASE_URL": self.databases[name],
        }
        collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": traces} if traces else {}
        return {f"SAMSPAR_{key}": str(value) for key, value in told.items()} | collector


async def deploy(ground: Ground) -> Deployment:
    """Fresh databases and queues; nothing runs yet."""
    directory = ground.directory / "deployed"
    if not directory.exists():
        copytree(TESTS / "bench" / "pathways", directory / "pathways")
        (directory / "pathways" / "sweden.yaml").write_bytes((ROOT / "deploy/pathways/sweden.yaml").read_bytes())
    ports = {name: free_port() for name in SERVICES}
    signer = Signer("https://login.bench.example")
    KeyRing.open(directory / "keyring.json")
    _write_parties(directory / "parties", ports, signer, urlsplit(ground.rabbitmq.url).username or "")
    databases = {name: await ground.of_service(name) for name in SERVICES}
    broker = await asyncio.to_thread(_vhost, ground)
    hear = {name: bindings(name) for name in SERVICES}
    await topology.apply(broker, topology.of_parties(Parties.load(directory / "parties"), hear), settle=0)
    return Deployment(ground, directory, signer, ports, databases, broker)


@asynccontextmanager
async def running(deployment: Deployment, *, traces: str | None = None) -> AsyncGenerator[dict[str, int]]:
    """All five, until the block ends; their process ids. `traces`: the OTLP endpoint that they export to."""
    commands = {name: ["-m", "shared.cli", "up", name, "--while-stdin"] for name in SERVICES}
    told = {name: deployment.environment(name, traces) for name in SERVICES}
    async with processes(commands, deployment.ground.directory, told) as pids:
        async with httpx.AsyncClient(trust_env=False) as client:
            for name in SERVICES:
                await until(lambda name=name: flows(client, deployment.url(name)), f"{name} at work")
        yield pids


async def flows(client: httpx.AsyncClient, url: str) -> bool:
    """Whether the service there publishes and consumes."""
    try:
        return (await client.get(f"{url}/flowz")).status_code == 200
    except httpx.TransportError:
        return False


def _vhost(ground: Ground) -> str:
    """A virtual host with nothing in it."""
    for old in ground.rabbitmq.manage("GET", "/vhosts"):
        if old["name"] == ORGANISATION:
            ground.rabbitmq.manage("DELETE", f"/vhosts/{ORGANISATION}")
    user = urlsplit(ground.rabbitmq.url).username
    ground.rabbitmq.manage("PUT", f"/vhosts/{ORGANISATION}")
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    ground.rabbitmq.manage("PUT", f"/permissions/{ORGANISATION}/{user}", everything)
    return f"{ground.rabbitmq.url.rstrip('/')}/{ORGANISATION}"


def _write_parties(directory: Path, ports: Mapping[str, int], signer: Signer, user: str) -> None:
    rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    (directory / "services.yaml").write_bytes((ROOT / "deploy/parties/services.yaml").read_bytes())
    signer.write_public_keys(directory / "keys.json")
    described = {
        "title": {"sv": "Mätning", "en": "Benchmark"},
        "services": dict.fromkeys(ports, "own"),
        "urls": {name: f"http://127.0.0.1:{port}" for name, port in ports.items()},
        "issuers": [{"issuer": signer.name, "keys": "keys.json"}],
        "broker_users": dict.fromkeys(ports, user),
    }
    (directory / f"{ORGANISATION}.yaml").write_text(yaml.safe_dump(described, allow_unicode=True), encoding="utf-8")

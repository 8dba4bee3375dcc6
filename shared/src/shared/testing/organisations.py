"""The organisations of a test: their files, and a token issuer for each whose public keys the files name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from shared.issuer import Signer

from .network import host_of


def write_parties(directory: Path, services: Path, organisations: Mapping[str, Sequence[str]]) -> dict[str, Signer]:
    """Writes the files of organisations that run the given services and forward to each other.

    `services` is the deployment's own list of who tells what. Returns each organisation's issuer.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "services.yaml").write_bytes(services.read_bytes())
    signers = {name: Signer(f"https://login.{name}.example") for name in organisations}
    for name, runs in organisations.items():
        signers[name].write_public_keys(directory / f"{name}.jwks.json")
        described = {
            "title": {"sv": name, "en": name},
            "services": dict.fromkeys(runs, "own"),
            "urls": {service: f"https://{host_of(name, service)}" for service in runs},
            "issuers": [{"issuer": signers[name].name, "keys": f"{name}.jwks.json"}],
            "forwards_to": {other: "exchange" for other in organisations if other != name},
        }
        (directory / f"{name}.yaml").write_text(yaml.safe_dump(described), encoding="utf-8")
    return signers

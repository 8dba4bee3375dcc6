"""Who takes part in a demo: its organisation with its services here, the others by HTTP alone."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from shared.issuer import PUBLIC_FILE, Signer
from shared.parties import Parties

from .script import Script


def write_parties(
    directory: Path, script: Script, deploy: Path, ports: Mapping[str, int], signer: Signer, broker_user: str | None
) -> None:
    """The organisations of the script, as the deployment describes them, at the demo's ports and believing its issuer.

    One issuer speaks for them all, since one process plays them all; each token is still for one party of one of them.
    """
    known = Parties.load(deploy / "parties")
    directory.mkdir(exist_ok=True)
    shutil.copy(deploy / "parties" / "services.yaml", directory / "services.yaml")
    for name in {script.organisation, *script.others.values()}:
        described: dict[str, Any] = {
            "title": known[name].title.model_dump(),
            "issuers": [{"issuer": signer.name, "keys": f"../{PUBLIC_FILE}"}],
        }
        if name == script.organisation:
            described["services"] = dict.fromkeys(ports, "own")
            described["urls"] = {service: f"http://127.0.0.1:{port}" for service, port in ports.items()}
            if broker_user is not None:
                described["broker_users"] = dict.fromkeys(ports, broker_user)
        (directory / f"{name}.yaml").write_text(yaml.safe_dump(described, allow_unicode=True), encoding="utf-8")
    Parties.load(directory)

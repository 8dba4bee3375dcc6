"""The organisations that take part, as a command line names them: by a directory."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.errors import Invalid
from shared.parties import Parties
from shared.parties.register import SERVICES_FILE


class NoParties(Invalid):
    """It is not said who takes part."""


def read_parties(directory: Path) -> Parties:
    """Raises `NoParties`, and `PartiesWrong` with file and field."""
    if not directory.is_dir():
        raise NoParties(f"Run this where {directory} is, or give the directory with --parties.")
    return Parties.load(directory)


def at_ports(directory: Path, organisation: str, ports: Mapping[str, int], into: Path) -> Path:
    """The same organisations in another directory, where one has services at these ports of this machine."""
    import yaml

    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(directory, into)
    for file in into.glob("*.yaml"):
        described: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        for issuer in described.get("issuers", ()) if file.name != SERVICES_FILE else ():
            if "://" not in issuer["keys"]:
                issuer["keys"] = str((directory / issuer["keys"]).resolve())
        if file.stem == organisation:
            described["urls"] |= {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        file.write_text(yaml.safe_dump(described, allow_unicode=True), encoding="utf-8")
    return into

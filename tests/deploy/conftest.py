"""The compose files as a real Compose implementation understands them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
USER = "10001:10001"

Rendered = Mapping[str, Any]
Render = Callable[..., Rendered]


@pytest.fixture(scope="session")
def render() -> Render:
    """The configuration of files and profiles, everything filled in, `named_by` too; fails where Compose does."""

    def rendered(*files: str | Path, profile: str = "all", root: Path = ROOT, **named_by: str) -> Rendered:
        named = [part for file in files for part in ("-f", root / file)]
        command = [BIN / "docker-compose", *named, "--profile", profile, "config", "--format", "json"]
        # Nothing of the machine's own settings, nor of a user's .env.
        known = {"PATH": os.environ["PATH"], "HOME": str(root / "none"), "SAMSPAR_USER": USER, **named_by}
        told = subprocess.run(command, cwd=root, env=known, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stderr
        return json.loads(told.stdout)

    return rendered


@pytest.fixture(scope="session")
def platform(render: Render) -> Rendered:
    return render("docker-compose.yml")


@pytest.fixture(scope="session")
def demo(render: Render) -> Rendered:
    return render("docker-compose.yml", "docker-compose.demo.yml", profile="demo")

"""A place with the deployed parties and pathways; `samspar` run in it, or started as a process of its own."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from shared.cli import app
from shared.testing.servers import free_port

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Said:
    """What came of a command: its output, or the sentence with which it refused."""

    code: int
    output: str
    refusal: str


Run = Callable[..., Said]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As a fresh clone where Bengtsfors is run, but that its services are at ports nobody else has."""
    monkeypatch.setenv("SAMSPAR_ORGANISATION", "bengtsfors")
    (tmp_path / "deploy").mkdir()
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "deploy/pathways").symlink_to(ROOT / "deploy/pathways")
    parties = Path(shutil.copytree(ROOT / "deploy/parties", tmp_path / "deploy/parties"))
    file = parties / "bengtsfors.yaml"
    described = yaml.safe_load(file.read_text())
    described["urls"] = {name: f"http://127.0.0.1:{free_port()}" for name in described["urls"]}
    file.write_text(yaml.safe_dump(described, allow_unicode=True))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def samspar(place: Path) -> Run:
    """Runs a command there, in this process."""

    def run(*arguments: object) -> Said:
        assert Path.cwd() == place
        result = CliRunner().invoke(app, [*map(str, arguments)])
        return Said(result.exit_code, result.output, str(result.exception or ""))

    return run


@pytest.fixture
def start(place: Path) -> Generator[Start]:
    """Starts a command there; at the end of the test it is killed where it has not ended."""
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "shared.cli", *map(str, arguments)]
        pipe = subprocess.PIPE
        running.append(subprocess.Popen(command, cwd=place, text=True, stdout=pipe, stderr=pipe))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.communicate()

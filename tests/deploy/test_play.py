"""docker-compose.yml really run, with podman on stand-ins for the public images: the demo gives the demo's table."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("assessment", "booking", "consent", "referral", "reporting")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("apt-get"), reason="needs root on Debian"),
]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("played")
    played = subprocess.run([ROOT / "tests/deploy/play", folder], stderr=subprocess.PIPE, text=True, check=False)
    assert played.returncode == 0, played.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def figures(out: Path) -> dict[str, Any]:
    return json.loads((out / "figures.json").read_bytes())


@pytest.mark.parametrize("name", ["bengtsfors", "trollhattan"])
def test_the_table_is_the_demos(name: str, out: Path):
    expected = json.loads((ROOT / f"tests/scenarios/{name}-table.json").read_text(encoding="utf-8"))
    assert json.loads((out / f"{name}-table.json").read_bytes()) == {name: expected}


def test_events_flow_in_every_service(figures: dict[str, Any]):
    assert [value for name, value in figures.items() if name.startswith("flow_at_")] == [200] * len(SERVICES)


def test_no_role_reaches_more_than_it_must(figures: dict[str, Any]):
    assert (figures["foreign_databases"], figures["vaults_open_to_events"]) == (0, 0)


@pytest.mark.parametrize("when", ["deployed", "demo", "other"])
@pytest.mark.parametrize("service", SERVICES)
def test_told_to_stop_a_service_ends_by_itself(service: str, when: str, figures: dict[str, Any]):
    assert figures[f"{when}_stop_{service}_code"] == 0

"""The one Dockerfile: clean by a linter that others wrote, and what its last stage must not be."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy/Dockerfile"


def last_stage() -> str:
    return re.split(r"^FROM ", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)[-1]


def test_hadolint_has_nothing_to_say():
    command = [Path(sys.executable).parent / "hadolint", "--no-color", DOCKERFILE]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


def test_the_last_stage_runs_nothing_as_root_and_says_how_it_is():
    stage = last_stage()
    assert re.search(r"^USER [1-9]\d{3,}:[1-9]\d{3,}$", stage, re.MULTILINE)
    assert "STOPSIGNAL SIGTERM" in stage
    assert "/readyz" in stage
    assert not re.search(r"^(RUN|ADD)\b", stage, re.MULTILINE)


def test_packages_are_hashed_and_members_bring_none():
    text = DOCKERFILE.read_text(encoding="utf-8")
    assert "pip install --require-hashes -r requirements.txt" in text
    assert "pip install --no-deps --no-build-isolation" in text


def test_the_context_holds_what_is_built_and_nothing_else():
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert kept[1] == "*"
    assert [line for line in kept if line.startswith("!")] == ["!requirements.txt", "!shared", "!services"]

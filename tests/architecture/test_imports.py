"""The import contracts bite: imports that nobody may make are planted in a copy, and the check names each."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SERVICES = ("assessment", "booking", "consent", "referral", "reporting")

# Planted module, what it says, and what the check answers.
PLANTS = [
    ("booking/usecases.py", "import referral.domain", "booking is not allowed to import referral"),
    ("referral/domain.py", "", ""),
    ("shared/errors.py", "import consent", "shared is not allowed to import consent"),
    ("consent/usecases.py", "import consent.api", "consent.usecases is not allowed to import consent.api"),
    ("consent/api.py", "", ""),
    ("assessment/domain.py", "import assessment.usecases", "assessment.domain is not allowed to import"),
    ("assessment/usecases.py", "import httpx", "assessment.usecases is not allowed to import httpx"),
    ("reporting/events.py", "import shared.clock", "reporting.events is not allowed to import fastapi"),
    ("shared/clock.py", "import fastapi", ""),
    ("reporting/utils.py", "", "- reporting.utils"),
    ("shared/utils.py", "", "- shared.utils"),
    ("shared/ids.py", "import shared.db", "shared.ids is not allowed to import shared.db"),
    ("booking/api.py", "import shared.pathways", "Illegal imports of protected package shared.pathways"),
    ("booking/app.py", "import shared.testing.servers", "booking is not allowed to import shared.testing"),
]


@pytest.fixture(scope="module")
def verdict(root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the check says of a copy with every plant in it."""
    copy = tmp_path_factory.mktemp("planted")
    shutil.copy(root / ".importlinter", copy)
    sources = {"shared": root / "shared" / "src", **{s: root / "services" / s / "src" for s in SERVICES}}
    for name, source in sources.items():
        shutil.copytree(source / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, planted, _ in PLANTS:
        with (copy / path).open("a") as module:
            module.write(f"\n{planted}\n")
    check = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run(
        [sys.executable, "-c", check, "--no-cache"],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("answer", [answer for _, _, answer in PLANTS if answer])
def test_a_planted_import_is_named(answer: str, verdict: str):
    assert answer in verdict

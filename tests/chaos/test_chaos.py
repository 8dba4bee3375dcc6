"""The short form of `make chaos`: all invariants hold after each of three fixed seeds, and each is known to bite."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.testing.servers import Postgres, RabbitMQ

TESTS = Path(__file__).parents[1]


pytestmark = pytest.mark.skipif(
    not (Postgres.available() and RabbitMQ.available()), reason="`make test-servers` installs what is missing"
)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_nothing_is_lost_and_nothing_happens_twice():
    ran = _ran("chaos", "--short")
    assert ran.returncode == 0, ran.stdout


@pytest.mark.timeout(180)
def test_a_breach_of_each_invariant_is_seen():
    ran = _ran("chaos.planted")
    assert ran.returncode == 0, ran.stdout


def _ran(module: str, *options: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, whose output says what was broken."""
    return subprocess.run(
        [sys.executable, "-m", module, *options],
        cwd=TESTS,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

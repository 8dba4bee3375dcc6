"""A few strange requests to every operation of all five APIs, the same each time; `make fuzz` asks for ten minutes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .echo import echoes

HERE = Path(__file__).parent
CONTRACT = {"givenName", "personnummer"}


@pytest.mark.timeout(300)
def test_whatever_is_asked_the_answer_is_one_that_the_api_describes(tmp_path: Path):
    """No 5xx, and nothing of what was sent in an error."""
    path = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    options = ("--examples", "2", "--seed", "1", "--many", "2", "--directory", str(tmp_path))
    command = [sys.executable, "-m", "fuzz", *options]
    asked = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False)
    said = asked.stdout + asked.stderr
    assert asked.returncode == 0, said
    assert said.count(" requests (") == 5, said
    assert " 201: " in said, said


@pytest.mark.parametrize(
    ("sent", "said", "found"),
    [
        (["Kanarina"], '{"detail": "Kanarina"}', ["Kanarina"]),
        (["199001012385"], '{"title": "199001012385"}', ["199001012385"]),
        (["19900101-2385"], '{"title": "It is 19900101-2385."}', ["19900101-2385"]),
        (["givenName"], '{"pointer": "/body/person/contact/givenName"}', []),
        (["0190a0b2-5b5d-7cc3-9d5e-2f4f9a1c7f10"], "0190a0b2-5b5d-7cc3-9d5e-2f4f9a1c7f10", []),
        (["Kanarina"], '{"detail": "Correct the fields named."}', []),
    ],
)
def test_what_comes_back_is_seen(sent: list[str], said: str, found: list[str]):
    assert echoes(sent, said, CONTRACT) == found

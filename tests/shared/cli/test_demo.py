"""`samspar demo`, embedded: the expected table, also after the process was killed at any moment."""

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.testing.servers import free_port

SECONDS = 100.0
EXPECTED = json.loads((Path(__file__).parents[2] / "scenarios/bengtsfors-table.json").read_text(encoding="utf-8"))

Run = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]


def table(demo: subprocess.Popen[str]) -> Any:
    output, said = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 0, said
    return json.loads(output)


def test_the_table(start: Start):
    assert table(start("demo", "--exit", "--json", "--port", free_port())) == EXPECTED


@pytest.mark.parametrize("kills", [3])
def test_killed_at_any_moment_and_run_again_it_is_the_same_table(start: Start, kills: int):
    """Each run gets a little further than the one before, which was killed in the middle of it."""
    arguments = ("demo", "--exit", "--json", "--port", free_port())
    for n in range(kills):
        demo = start(*arguments)
        with pytest.raises(subprocess.TimeoutExpired):
            demo.wait(random.uniform(1, 3) + n)
        demo.kill()
        demo.wait()
    assert table(start(*arguments)) == EXPECTED


def test_interrupted_it_says_so_and_ends(place: Path, start: Start):
    demo = start("demo", "--port", free_port())
    while not (place / ".samspar/demo/bengtsfors").exists():
        time.sleep(0.05)
    time.sleep(1)
    demo.send_signal(signal.SIGINT)
    output, said = demo.communicate(timeout=SECONDS)
    assert (demo.returncode, "Stopped. Run it again to go on." in output, "Traceback" in said) == (130, True, False)


def test_a_directory_of_something_else_is_left_alone(place: Path, samspar: Run):
    (place / "mine").mkdir()
    (place / "mine/letter.txt").write_text("dear")
    assert "Give an empty directory with --data" in samspar("demo", "--data", "mine").refusal
    assert (place / "mine/letter.txt").read_text() == "dear"

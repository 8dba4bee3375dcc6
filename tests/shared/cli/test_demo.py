"""`samspar demo`, embedded: the expected tables of both municipalities, also after it was killed at any moment."""

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.testing.servers import free_port

SECONDS = 100.0
TABLES = Path(__file__).parents[2] / "scenarios"
EXPECTED = {
    name: json.loads((TABLES / f"{name}-table.json").read_text(encoding="utf-8"))
    for name in ("bengtsfors", "trollhattan")
}

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
    while not (place / ".samspar/demo/trollhattan/trollhattan").exists():
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


def test_one_organisation_is_played_by_itself(place: Path, start: Start):
    script = place / "examples/trollhattan/people.yaml"
    (place / ".samspar/demo").mkdir(parents=True)
    (place / ".samspar/demo/run.json").write_text("{}")  # as an earlier version left it
    only = table(start("demo", "--exit", "--json", "--port", free_port(), "--script", script))
    assert only == {"trollhattan": EXPECTED["trollhattan"]}


def test_two_scripts_of_one_organisation_are_refused(samspar: Run):
    script = ("--script", "examples/bengtsfors/people.yaml")
    assert "Two scripts are of one organisation." in samspar("demo", *script, *script).refusal


def test_what_it_shows_leads_on_and_where_finds_a_case_of_either(samspar: Run, start: Start):
    demo = start("demo", "--port", free_port())
    assert demo.stdout is not None
    lines: list[str] = []
    while "docs/first-case.md" not in (lines or [""])[-1]:
        lines.append(demo.stdout.readline())
        assert lines[-1], demo.communicate()
    text = "".join(lines)
    assert "19 people · 121 deadlines kept · 2 MISSED · 1 refused\n" in text
    cases = [line.split()[-1] for line in lines if line.startswith("  samspar where ")]
    assert len(cases) == 2
    assert "The case is closed" in samspar("where", cases[0]).output
    assert "The case waits for Jobbcentrum: Interventions" in samspar("where", cases[1]).output
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=SECONDS)
    assert demo.returncode == 0


def test_a_row_of_which_the_script_knows_nothing_is_not_lost(place: Path, start: Start):
    script = yaml.safe_load((place / "examples/trollhattan/people.yaml").read_text(encoding="utf-8"))
    script["people"] = [each | {"moves": []} for each in script["people"][:-1]]
    (place / "people.yaml").write_text(yaml.safe_dump(script), encoding="utf-8")
    (place / "bokningsdokument.xlsx").symlink_to(place / "examples/trollhattan/bokningsdokument.xlsx")
    demo = start("demo", "--exit", "--port", free_port(), "--script", "people.yaml")
    _, said = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 1
    assert said.splitlines()[-1].endswith("Each row of the document is one person of the script.")

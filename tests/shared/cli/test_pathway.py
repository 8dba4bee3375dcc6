"""Definitions from the command line: checked, drawn, simulated."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shared.cli.pathway import app
from shared.pathways.schema import to_text

ROOT = Path(__file__).parents[3]
DEPLOYED = ROOT / "deploy/pathways"
SCENARIOS = ROOT / "tests/scenarios/pathways"
TIMELINES = sorted((DEPLOYED / "bengtsfors/income-support.timelines").glob("*.yaml"))
P11 = "bengtsfors/income-support"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """P11 with a deadline nobody can read, beside a clean copy under another name."""
    folder = tmp_path / "bengtsfors"
    folder.mkdir()
    (tmp_path / "sweden.yaml").write_text((DEPLOYED / "sweden.yaml").read_text())
    (folder / "area.yaml").write_text((DEPLOYED / "bengtsfors/area.yaml").read_text())
    text = (DEPLOYED / f"{P11}.yaml").read_text()
    (folder / "clean.yaml").write_text(text.replace(f"pathway: {P11}", "pathway: bengtsfors/clean"))
    (folder / "income-support.yaml").write_text(text.replace("24 hours after booked", "24 hours after lunch", 1))
    return tmp_path


def test_what_is_deployed_is_clean():
    checked = run("check", DEPLOYED)
    many = len([file for file in DEPLOYED.glob("*/*.yaml") if file.name != "area.yaml"])
    assert (checked.exit_code, checked.output) == (0, f"Clean: {many} of {many}.\n")


def test_a_definition_may_stand_on_areas_elsewhere():
    assert run("check", SCENARIOS).exit_code == 1
    assert run("check", SCENARIOS, "--areas", DEPLOYED).exit_code == 0


def test_a_finding_has_file_and_line(broken: Path):
    checked = run("check", broken)
    file = broken / f"{P11}.yaml"
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "lunch" in text)
    assert checked.exit_code == 1
    assert re.match(rf"{re.escape(str(file))}:{line}: .+\. .+\.\n", checked.output)
    assert checked.output.endswith("Clean: 1 of 2.\n")


def test_findings_as_json(broken: Path):
    told = json.loads(run("check", broken, "--json").output)
    assert told["clean"] == ["bengtsfors/clean"]
    assert {finding["file"] for finding in told["findings"]} == {str(broken / f"{P11}.yaml")}


def test_what_is_wrong_is_neither_drawn_nor_played(broken: Path):
    for command in ("draw", "simulate"):
        ended = run(command, P11, "--pathways", broken)
        assert ended.exit_code == 1
        assert "income-support.yaml:" in str(ended.exception)


@pytest.mark.parametrize(("language", "title"), [("sv", "Trepartssamtal"), ("en", "Three-party meeting")])
def test_it_is_drawn_in_people_s_words(language: str, title: str):
    drawn = run("draw", P11, "--pathways", DEPLOYED, "--language", language).output
    assert drawn.startswith("flowchart TD\n")
    assert title in drawn


@pytest.mark.parametrize("file", TIMELINES, ids=lambda file: file.stem)
def test_each_timeline_beside_the_definition_is_what_is_played(file: Path):
    played = run("simulate", P11, "--pathways", DEPLOYED, "--script", file)
    assert played.exit_code == 0, played.output


def test_a_timeline_that_is_another_is_said(tmp_path: Path):
    signed = tmp_path / "signed.yaml"
    signed.write_text(TIMELINES[0].read_text().replace("due Wed 2026-03-04 11:30", "due Wed 2026-03-04 11:31"))
    played = run("simulate", P11, "--pathways", DEPLOYED, "--script", signed)
    assert played.exit_code == 1
    assert "It differs at: in time: assessment-meeting ended, due Wed 2026-03-04 11:30" in played.output


def test_the_timeline_says_when_what_who_and_what_became_of_each_deadline():
    script = DEPLOYED / "bengtsfors/income-support.timelines/missed-and-late.yaml"
    played = run("simulate", P11, "--pathways", DEPLOYED, "--script", script, "--json")
    told = json.loads(played.output)
    steps = {(step["at"], step["what"]): step for step in told["steps"]}
    assert (told["pathway"], told["version"]) == (P11, 1)
    assert steps["2026-03-04T15:00:00+01:00", "Assessment meeting held"]["who"] == "Social services"
    missed = [line for step in told["steps"] for line in step["missed"]]
    assert missed == [
        "Assessment meeting done, due 2026-03-04 11:30, Social services",
        "Three-party meeting done, due 2026-03-06 12:00, Work and integration",
        "Activity started, due 2026-03-10 11:00, Work and integration",
    ]
    assert "Three-party meeting done, due 2026-03-06 12:00, learnt late" in [
        line for step in told["steps"] for line in step["held"]
    ]
    assert told["steps"][-1]["ended"] == "Ends: Activity started"


def test_a_seed_walks_the_same_way_twice():
    walks = {seed: run("simulate", P11, "--pathways", DEPLOYED, "--seed", seed).output for seed in (1, 2)}
    assert walks[1] == run("simulate", P11, "--pathways", DEPLOYED, "--seed", 1).output
    assert walks[1] != walks[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["draw", "bengtsfors/nothing"], "name one of: bengtsfors/income-support"),
        (["draw", P11, "--language", "fi"], "--language sv or --language en"),
        (["simulate", P11, "--script", "no.yaml"], "no.yaml cannot be read"),
        (
            ["simulate", P11, "--script", DEPLOYED / "sweden.yaml"],
            "sweden.yaml:3: 'title' is not text.",
        ),
    ],
)
def test_what_cannot_be_is_said(arguments: list[object], said: str):
    ended = run(*arguments, "--pathways", DEPLOYED)
    assert ended.exit_code == 1
    assert said in str(ended.exception)


def test_the_schema_is_the_published_one():
    assert run("schema").output == to_text()


def test_a_walk_to_an_ending():
    ended = run("simulate", P11, "--pathways", DEPLOYED, "--to", "investigated")
    assert "Ends: Work capacity investigated" in ended.output
    wrong = run("simulate", P11, "--pathways", DEPLOYED, "--to", "investigatd")
    assert "Did you mean 'investigated'?" in str(wrong.exception)


def test_in_a_narrow_terminal_it_is_a_list(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("simulate", P11, "--pathways", DEPLOYED, "--script", TIMELINES[0]).output.splitlines()
    assert "Mon 2 Mar 09:00  referred (referrer)" in lines
    assert all(len(line) <= 80 for line in lines[:-1])
    monkeypatch.setenv("COLUMNS", "140")
    assert "What follows" in run("simulate", P11, "--pathways", DEPLOYED, "--script", TIMELINES[0]).output


MOVES = {
    "a key": ("moment: booked", "moments: booked", "'moments' is not a key here. Did you mean 'moment'?"),
    "a moment": ("moment: booked", "moment: given", "'given' is no moment of meeting 'investigating-interview'."),
    "a task": ("task: investigating-interview", "task: interview", "There is no task 'interview'."),
    "an outcome": ("moment: held}", "moment: held, outcome: fine}", "'fine' is no outcome of meeting"),
    "a time": ("moment: booked", "moment: booked, at: lunch", "'at' stands twice."),
}


@pytest.mark.parametrize(("old", "new", "said"), MOVES.values(), ids=MOVES)
def test_a_move_that_cannot_be_made_is_said_with_its_line(tmp_path: Path, old: str, new: str, said: str):
    script = tmp_path / "script.yaml"
    text = next(file for file in TIMELINES if file.stem == "24-24-48").read_text()
    line = next(n for n, each in enumerate(text.splitlines(), 1) if old in each)
    script.write_text(text.replace(old, new, 1))
    ended = run("simulate", P11, "--pathways", DEPLOYED, "--script", script)
    assert f"{script}:{line}: {said}" in str(ended.exception)


def test_the_folder_of_an_area_is_not_the_folder_of_definitions():
    said = str(run("check", DEPLOYED / "bengtsfors").exception)
    assert said.endswith(f"Give the folder above it: {DEPLOYED}.")


def test_both_speak_english_unless_asked():
    for command in ("draw", "simulate"):
        assert "Investigating interview" in run(command, P11, "--pathways", DEPLOYED).output

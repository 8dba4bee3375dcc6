"""What every command has in common: it says in one sentence what is wrong and what to do."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.cli import app
from shared.errors import Refused

HEAVY = ("fastapi", "sqlalchemy", "aio_pika", "shared.pathways")


def test_version():
    found = CliRunner().invoke(app, ["--version"])
    assert (found.exit_code, found.output.split()[0]) == (0, "samspar")


def test_without_arguments_it_says_what_there_is():
    said = CliRunner().invoke(app, []).output
    assert all(f" {name} " in said for name in ("up", "demo", "refer", "where", "pathway", "topology", "dead-letters"))


def run(place: Path, code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=place, text=True, capture_output=True, timeout=30, check=False)


def test_what_a_command_needs_is_imported_when_it_runs(tmp_path: Path):
    code = f"import sys, shared.cli; print([name for name in {HEAVY} if name in sys.modules])"
    assert run(tmp_path, code).stdout == "[]\n"


BROKEN = """
import sys
from shared.cli import instance, main
def current(data): raise KeyError("198001012387")
instance.current = current
sys.argv = ["samspar", *{arguments}, "token", "social_services"]
main()
"""


def test_an_unexpected_error_is_one_line_without_values(tmp_path: Path):
    ended = run(tmp_path, BROKEN.format(arguments=[]))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "KeyError at shared/cli/instance.py" in ended.stderr
    assert "198001012387" not in ended.stderr


def test_with_debug_it_is_shown_whole(tmp_path: Path):
    assert "Traceback" in run(tmp_path, BROKEN.format(arguments=["--debug"])).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["where", "00000000-0000-0000-0000-000000000000"], "Run `samspar demo` or `samspar up`, or give --data."),
        (["up"], "Run this where deploy/parties is, or give the directory with --parties."),
        (["migrate", "weather", "--database", "postgresql://nowhere/weather"], "Install samspar-weather, or name one"),
        (["migrate", "booking", "--database", "somewhere"], "Give the database as postgresql://user@host/name."),
        (["migrate", "booking", "--database", "postgresql://u@127.0.0.1:1/b"], "Check the server, the database and"),
        (["demo"], "Run it where examples/ is, or name one with --script."),
        (["demo", "--broker", "amqp://127.0.0.1"], "Give both --broker and --database, or neither."),
        (["refer", "nothing.json"], "Give a JSON file; nothing.json is not one."),
        (["pathway", "check"], "Give a folder with <area>/<name>.yaml; deploy/pathways has none."),
        (["topology", "check", "--broker", "amqp://127.0.0.1:1"], "Run this where deploy/parties is"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
):
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(app, arguments)
    assert isinstance(ended.exception, Refused)
    assert said in str(ended.exception)
    assert list(tmp_path.iterdir()) == []


def test_it_is_one_sentence_and_exit_code_1(tmp_path: Path):
    ended = run(tmp_path, 'import sys; sys.argv = ["samspar", "up"]; from shared.cli import main; main()')
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert ended.stderr.startswith("samspar: It is not said who takes part. Run this where deploy/parties is")

"""A demo's directory: an interrupted run is resumed, all else begins afresh, and nobody else's files are touched."""

import socket
from pathlib import Path

import pytest

from shared.demo.owner import InUse, owned
from shared.demo.runs import NotADemos
from shared.demo.script import Script, load
from shared.demo.world import Servers, World, open_world
from shared.testing.servers import free_port

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def script() -> Script:
    return load(ROOT / "examples/bengtsfors/people.yaml")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """As after `owned`."""
    with owned(tmp_path):
        (tmp_path / "owner.lock").touch()
    return tmp_path


def opened(directory: Path, script: Script, servers: Servers | None = None, port: int = 8101) -> World:
    return open_world(directory, script, ROOT / "deploy", servers, port)


def test_interrupted_it_is_resumed_with_its_keys(directory: Path, script: Script):
    first = opened(directory, script)
    first.began()
    again = opened(directory, script)
    assert (again.resumed, again.run.name, again.run.key) == (True, first.run.name, first.run.key)


def test_interrupted_while_it_was_made_it_begins_afresh(directory: Path, script: Script):
    opened(directory, script)
    (directory / "left.db").touch()
    assert not opened(directory, script).resumed
    assert not (directory / "left.db").exists()


def test_finished_it_begins_afresh(directory: Path, script: Script):
    first = opened(directory, script)
    first.began()
    first.finished()
    again = opened(directory, script)
    assert not again.resumed
    assert again.run.name != first.run.name


def test_another_script_or_other_servers_begin_afresh(directory: Path, script: Script):
    opened(directory, script).began()
    fewer = script.model_copy(update={"people": script.people[:1]})
    second = opened(directory, fewer)
    assert not second.resumed
    second.began()
    assert not opened(directory, fewer, Servers("amqp://localhost", "postgresql://localhost")).resumed


def test_resumed_it_leaves_a_port_that_was_taken_meanwhile(directory: Path, script: Script):
    first = opened(directory, script, port=free_port())
    first.began()
    with socket.create_server(("127.0.0.1", first.ports["referral"])):
        again = opened(directory, script)
    assert again.resumed
    assert again.ports["referral"] != first.ports["referral"]
    assert again.ports["consent"] == first.ports["consent"]


def test_what_is_not_a_demos_is_not_emptied(directory: Path, script: Script):
    (directory / "letter.txt").touch()
    with pytest.raises(NotADemos):
        opened(directory, script)
    assert (directory / "letter.txt").exists()


def test_one_process_owns_a_directory(tmp_path: Path):
    with owned(tmp_path), pytest.raises(InUse), owned(tmp_path):
        pass
    with owned(tmp_path):
        pass

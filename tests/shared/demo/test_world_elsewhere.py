"""A demo whose services somebody else starts: what they are told, and that it stays."""

from datetime import datetime
from pathlib import Path

import pytest

from shared.demo.script import Script, load
from shared.demo.world import World, open_elsewhere
from shared.parties import Parties

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def script() -> Script:
    return load(ROOT / "examples/bengtsfors/people.yaml")


def opened(directory: Path, script: Script) -> World:
    return open_elsewhere(directory, script, ROOT / "deploy")


def told(directory: Path) -> dict[str, bytes]:
    folder = directory / "told"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_services_are_told_who_takes_part_what_time_it_is_and_who_moves_it(tmp_path: Path, script: Script):
    world = opened(tmp_path, script)
    found = told(tmp_path)
    assert found["demo_key"].decode() == world.run.key
    assert datetime.fromisoformat(found["demo_clock"].decode()) == script.begins
    parties = Parties.load(tmp_path / "told" / "parties")
    assert dict(parties[script.organisation].urls) == {name: world.url(name) for name in world.ports}
    (issuer,) = parties.issuers().values()
    assert isinstance(issuer.keys, Path)
    assert issuer.keys.read_bytes() == found["issuer-jwks.json"]


def test_they_are_not_told_what_signs(tmp_path: Path, script: Script):
    opened(tmp_path, script)
    assert sorted(name for name in told(tmp_path) if "/" not in name) == ["demo_clock", "demo_key", "issuer-jwks.json"]
    assert b'"d"' in (tmp_path / "issuer-key.json").read_bytes()
    assert b'"d"' not in told(tmp_path)["issuer-jwks.json"]


def test_opened_again_also_after_the_end_all_of_it_stays(tmp_path: Path, script: Script):
    first = opened(tmp_path, script)
    before = told(tmp_path)
    first.finished()
    again = opened(tmp_path, script)
    assert (again.run, told(tmp_path)) == (first.run, before)


def test_for_another_script_it_is_another_run(tmp_path: Path, script: Script):
    first = opened(tmp_path, script)
    fewer = script.model_copy(update={"people": script.people[:1]})
    assert opened(tmp_path, fewer).run.name != first.run.name

"""What the pages show works: every definition on them is sound, every table says what the code does."""

import json
import re
import shutil
from pathlib import Path
from typing import cast

import pytest
import yaml
from typer.testing import CliRunner

from shared.cli import app
from shared.cli.operate import MOVES
from shared.parties import Parties
from shared.pathways.kinds import KINDS, Kind

ROOT = Path(__file__).parents[2]
PATHWAYS = (ROOT / "docs/pathways.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
SCHEMA = json.loads((ROOT / "deploy/pathways/schema.json").read_text(encoding="utf-8"))
BLOCKS = re.findall(r"```yaml\n(.*?)```", PATHWAYS, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The definitions of the page, on the deployed common ground."""
    (tmp_path / "sweden.yaml").write_text((ROOT / "deploy/pathways/sweden.yaml").read_text())
    (tmp_path / "norrby").mkdir()
    for block in BLOCKS:
        if block.startswith("area:"):
            (tmp_path / "norrby/area.yaml").write_text(block)
        if name := re.match(r"pathway: (\S+)", block):
            (tmp_path / f"{name[1]}.yaml").write_text(block)
        if block.startswith("title:"):
            (tmp_path / "script.yaml").write_text(block)
    return tmp_path


def test_the_definitions_on_the_page_are_sound(folder: Path) -> None:
    checked = CliRunner().invoke(app, ["pathway", "check", str(folder)])
    assert checked.output == "Clean: 2 of 2.\n"


def test_the_script_on_the_page_is_played(folder: Path) -> None:
    arguments = ["pathway", "simulate", "norrby/first-steps", "--pathways", str(folder)]
    played = CliRunner().invoke(app, [*arguments, "--script", str(folder / "script.yaml"), "--json"])
    assert json.loads(played.output)["steps"][-1]["ended"] == "Ends: Stopped"
    script = folder / "script.yaml"
    lines = CliRunner().invoke(app, [*arguments, "--script", str(script), "--lines"]).output
    script.write_text(script.read_text() + lines)
    assert CliRunner().invoke(app, [*arguments, "--script", str(script)]).exit_code == 0
    script.write_text(script.read_text().replace("in time: first-meeting booked", "in time: first-meeting held"))
    assert CliRunner().invoke(app, [*arguments, "--script", str(script)]).exit_code == 1
    reached = CliRunner().invoke(app, ["pathway", "simulate", "norrby/young-adults", "--to", "hired", *arguments[3:]])
    assert "Ends: Hired" in reached.output


def row(name: str, kind: Kind) -> str:
    settled = ", ".join(f"{moment}: {word or '–'}" for moment, word in kind.settles.items())
    bad = ", ".join((*kind.fails, *kind.revokes)) or "–"
    return f"| {name} | {', '.join(kind.hears)} | {settled} | {bad} |"


@pytest.mark.parametrize("name", KINDS)
def test_the_table_of_kinds_is_that_of_the_code(name: str) -> None:
    assert row(name, KINDS[name]) in PATHWAYS.splitlines()


def test_every_key_of_a_pathway_is_on_the_page() -> None:
    keys = {key for block in BLOCKS if block.startswith("pathway") for key in _keys(yaml.safe_load(block))}
    keys |= set(re.findall(r"`([a-z_]+)[`:]", PATHWAYS))
    parts = ("Pathway", "Stage", "Role", "Door", "WrittenEntry", "Answer", *(f"{kind}-task" for kind in KINDS))
    known = {key for part in parts for key in SCHEMA["$defs"][part]["properties"]} - KINDS.keys()
    assert sorted(known - keys) == []


def _keys(data: object) -> set[str]:
    if isinstance(data, dict):
        table = cast(dict[str, object], data)
        return {*table, *(key for each in table.values() for key in _keys(each))}
    return {key for each in cast(list[object], data) for key in _keys(each)} if isinstance(data, list) else set()


def test_the_municipality_of_the_readme_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    parties = Path(shutil.copytree(ROOT / "deploy/parties", tmp_path / "parties"))
    (parties / "norrby.yaml").write_text(block)
    assert len(Parties.load(parties)["norrby"].own) == 5


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_each_request_that_where_prints_is_one_of_its_service() -> None:
    for path in MOVES.values():
        name, _, rest = path.partition("/v1/")
        source = "".join(file.read_text() for file in (ROOT / f"services/{name}/src/{name}").rglob("api*/**/*.py"))
        source += "".join(file.read_text() for file in (ROOT / f"services/{name}/src/{name}").glob("api*.py"))
        what, _, verb = rest.partition("/{}/")
        assert re.search(rf'post\("(/{what})?/{{\w+}}/{verb}"', source), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []

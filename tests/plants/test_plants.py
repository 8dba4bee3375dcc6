"""Every plant still fits the tree and says what it is; whether the tests catch it, `make plants` shows."""

import re
from pathlib import Path

import pytest

from .__main__ import UNSEEN, table
from .copies import Copy, Verdict
from .plant import ROOT, Plant, PlantBroken, plants

ENOUGH = 25
SOURCE = re.compile(r"\b(?:I\d+|F\d+|traps? \d+|sections? \d|STRIDE \d+)")
PATCH = """--- a/shared/src/shared/whoami.py
+++ b/shared/src/shared/whoami.py
@@ -1,2 +1,3 @@
 {0}
+# nothing
 {1}
"""
HEADER = "Title: a\nCost: b\nSource: I1\nSeen by: tests/shared/test_flow.py\n\n"
ALL = plants()


def written(directory: Path, header: str = HEADER, *, first: str | None = None) -> Path:
    """A patch that does nothing."""
    lines = (ROOT / "shared/src/shared/whoami.py").read_text(encoding="utf-8").splitlines()
    path = directory / "harmless.patch"
    path.write_text(header + PATCH.format(first or lines[0], lines[1]), encoding="utf-8")
    return path


@pytest.mark.parametrize("plant", ALL, ids=lambda plant: plant.name)
def test_a_plant_fits_the_tree_and_names_its_source_and_tests(plant: Plant):
    plant.apply(ROOT, "--check")
    assert SOURCE.search(plant.source)
    assert plant.missing == []


def test_there_are_enough_and_each_has_a_title_of_its_own():
    assert len(ALL) >= ENOUGH
    assert len({plant.title for plant in ALL}) == len(ALL)


def test_one_that_does_not_fit_any_more_is_named(tmp_path: Path):
    plant = Plant.read(written(tmp_path, first="another line"))
    with pytest.raises(PlantBroken, match=r"harmless\.patch"):
        plant.apply(ROOT, "--check")


@pytest.mark.parametrize("field", ["Title", "Cost", "Source", "Seen by"])
def test_a_header_without_one_of_its_lines_is_named(tmp_path: Path, field: str):
    header = "\n".join(line for line in HEADER.splitlines() if not line.startswith(field)) + "\n\n"
    with pytest.raises(PlantBroken, match=field):
        Plant.read(written(tmp_path, header))


def test_the_table_says_what_nobody_caught(tmp_path: Path):
    plant = Plant.read(written(tmp_path))
    said = table([Verdict(plant, None, 1.0), Verdict(plant, "tests/shared/test_flow.py::test_x", 2.0)])
    assert UNSEEN in said
    assert "`tests/shared/test_flow.py::test_x`" in said
    assert "1 of 2 are caught" in said


@pytest.mark.slow
def test_what_changes_nothing_is_not_caught(tmp_path: Path):
    plant = Plant.read(written(tmp_path))
    assert Copy(tmp_path).judge(plant, whole=False).test is None

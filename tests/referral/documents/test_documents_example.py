"""The example's booking document holds the people of its list."""

from pathlib import Path

import yaml

from referral.documents.layout import Layout
from referral.documents.rows import lines
from referral.documents.xlsx_files import read_xlsx
from referral.usecases.repertoire import Repertoire

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "trollhattan"


def test_each_row_of_the_example_is_one_of_its_people(deploy: Path):
    """Read by another area's pathway, since this asks for who they are alone."""
    said = yaml.safe_load((EXAMPLE / "people.yaml").read_text(encoding="utf-8"))
    sheet = read_xlsx((EXAMPLE / said["document"]["file"]).read_bytes())
    asked: set[str] = set()

    def score_of(name: str):
        asked.add(name)
        return Repertoire(deploy / "pathways", "norrby").score("ekby/adults")

    found = list(lines(sheet, Layout.of(sheet.header), score_of))
    assert [line.number for line in found if line.body is None] == []
    assert [line.number for line in found] == [each["row"] for each in said["people"]]
    assert asked == {said["referral"]["pathway"]}

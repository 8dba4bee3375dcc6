"""The example's booking document holds the people of its list, and one that LibreOffice saved comes in as well."""

from pathlib import Path

import pytest
import yaml

from referral.documents.layout import Layout
from referral.documents.rows import lines
from referral.documents.xlsx_files import read_xlsx
from referral.usecases.repertoire import Repertoire
from shared.testing.sending import XLSX, Sender

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "trollhattan"
SAVED = Path(__file__).parent / "files"


def test_the_example_says_who_is_in_it(deploy: Path):
    """Read by another area's pathway, since this asks for who they are alone."""
    said = yaml.safe_load((EXAMPLE / "people.yaml").read_text(encoding="utf-8"))
    sheet = read_xlsx((EXAMPLE / said["document"]).read_bytes())
    asked: set[str] = set()

    def score_of(name: str):
        asked.add(name)
        return Repertoire(deploy / "pathways", "norrby").score("ekby/adults")

    found = [line.body for line in lines(sheet, Layout.of(sheet.header), score_of)]
    assert found == [said["referral"] | {"person": each["person"]} for each in said["people"]]
    assert asked == {said["referral"]["pathway"]}


@pytest.mark.parametrize("name", ["libreoffice.xlsx", "libreoffice-latin-1.csv", "libreoffice-utf-8.csv"])
async def test_what_libreoffice_saved_comes_in(sender: Sender, name: str):
    """Made from the template in LibreOffice 7.4: filled in, saved as ODS, then as what is sent."""
    kind = XLSX if name.endswith("xlsx") else "text/csv"
    results = await sender.results((SAVED / name).read_bytes(), kind)
    assert results == [(number, "received", None) for number in (2, 3, 4)]

"""A document as a case worker types it in LibreOffice: the template, filled in by the keyboard's way and saved."""

import asyncio
import re
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from shared.testing.sending import CSV, XLSX, Sender

HERE = Path(__file__).parent
SAVED = HERE / "files"
"""What `typed.py` made with LibreOffice 7.4."""
FILES = ("typed.xlsx", "typed-by-ods.xlsx", "typed-utf-8.csv", "typed-latin-1.csv")
Became = tuple[str, str | None]
FORMULA: Became = ("refused", "sender/formula-refused")
RECEIVED: Became = ("received", None)
OFFICE, PYTHON = shutil.which("soffice"), "/usr/bin/python3"


def became(name: str) -> list[tuple[int, str, str | None]]:
    """By row. A formula is refused; in a CSV one that the spreadsheet ran is its value, and no longer a formula."""
    return [
        (2, *RECEIVED),
        (3, *RECEIVED),
        (6, *FORMULA),
        (7, *(RECEIVED if name.endswith("csv") else FORMULA)),
        (9, *RECEIVED),
        (10, "refused", "sender/cell-wrong"),
        (11, *RECEIVED),
        (12, "duplicate", "sender/row-sent-before"),
    ]


async def results(sender: Sender, name: str, directory: Path = SAVED) -> list[tuple[int, str, str | None]]:
    content = await asyncio.to_thread((directory / name).read_bytes)
    return await sender.results(content, CSV if name.endswith("csv") else XLSX, rows="good")


@pytest.mark.parametrize("name", FILES)
async def test_what_was_typed_comes_in(sender: Sender, name: str):
    assert await results(sender, name) == became(name)
    told = await sender.app.told("referral.received")
    assert [each.said["dates"] for each in told] == [{"start": "2026-12-01"}] * len(told)
    assert [each.said["answers"]["support"] for each in told[:2]] == ["ordinary", "reinforced"]


async def test_the_same_rows_saved_another_way_are_the_same(sender: Sender):
    """Whatever the file: nobody comes in a second time, and who was a formula before is new as a value."""
    await results(sender, "typed.xlsx")
    again = await results(sender, "typed-by-ods.xlsx")
    by_csv = await results(sender, "typed-latin-1.csv")
    assert again == became("typed.xlsx")
    assert [each for each in by_csv if each[1] == "received"] == [(7, *RECEIVED)]
    assert len(await sender.app.told("referral.received")) == 5


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("xlsx")])
def test_the_files_say_nothing_of_who_made_them(name: str):
    """No path, no user; only the programs."""
    with ZipFile(SAVED / name) as parts:
        properties = parts.read("docProps/core.xml").decode()
        text = b"".join(map(parts.read, parts.namelist())).decode()
    assert re.findall(r"<(?:dc:creator|cp:lastModifiedBy)>([^<]+)", properties) in ([], ["Samspår"])
    assert re.findall(r"file:|/(?:home|root|tmp|Users|work)/", text) == []


def why_not() -> str:
    """What is missing to type anew; nothing where it is all there."""
    if OFFICE is None:
        return "LibreOffice (soffice) is not installed"
    found = Path(PYTHON).exists() and not subprocess.run([PYTHON, "-c", "import uno"], capture_output=True).returncode
    return "" if found else "LibreOffice's uno for the system's Python (python3-uno) is not installed"


def type_into(template: bytes, directory: Path) -> None:
    (made := directory / "template.xlsx").write_bytes(template)
    subprocess.run([PYTHON, HERE / "typed.py", made, directory], check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_typed_anew(sender: Sender, tmp_path: Path):
    """The template as it is served today, in the LibreOffice that is here."""
    if reason := why_not():
        pytest.skip(reason)
    answer = await sender.client.get("/booking-documents/template", params={"pathway": "ekby/asking"})
    await asyncio.to_thread(type_into, answer.content, tmp_path)
    assert await results(sender, "typed.xlsx", tmp_path) == became("typed.xlsx")
    csv = "typed-utf-8.csv"
    assert (tmp_path / csv).read_bytes() == (SAVED / csv).read_bytes()

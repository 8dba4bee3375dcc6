"""XLSX without running anything in it; what it hides, or would grow to, is refused before it is read."""

import io
import re
from datetime import UTC, datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import DEFUSEDXML, Workbook

from referral.documents import xlsx_files
from referral.documents.cells import Kind, TooManyColumns
from referral.documents.csv_files import read_csv
from referral.documents.xlsx_files import (
    HEAD,
    SHEETS,
    HoldsLinks,
    HoldsMacros,
    NotXlsx,
    SheetUnclear,
    TooLargeInside,
    read_xlsx,
)
from shared.errors import Refused
from shared.testing.sending import NUMBERS, XLSX, Sender, as_csv, row

HEADER = ["Väg", "Personnummer", "Förnamn", "Efternamn"]
GOOD = ["ekby/adults", NUMBERS[0], "Kanarina", "Fågelsson"]


def book(*rows: list[Any], **further: list[list[Any]]) -> bytes:
    """A workbook with these rows in its first sheet, and further sheets by name."""
    made = Workbook()
    first: Any = made.active
    for each in rows:
        first.append(each)
    for name, others in further.items():
        sheet = made.create_sheet(name)
        for each in others:
            sheet.append(each)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The same workbook with one part more, or another in its place."""
    file = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(file, "w", ZIP_DEFLATED) as new:
        for each in old.namelist():
            if each != name:
                new.writestr(each, old.read(each))
        new.writestr(name, part)
    return file.getvalue()


def part_of(content: bytes, name: str) -> bytes:
    with ZipFile(io.BytesIO(content)) as parts:
        return parts.read(name)


DAY = datetime(2026, 11, 3, tzinfo=UTC).replace(tzinfo=None)
SHEET = "xl/worksheets/sheet1.xml"
ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'


def test_it_says_what_csv_says():
    rows = [row(number) for number in NUMBERS]
    assert read_xlsx(book(list(rows[0]), *(list(each.values()) for each in rows))) == read_csv(as_csv(rows))


def test_cells_as_a_spreadsheet_stores_them():
    stored = [True, 199001012385, 5.0, 0.5, DAY, "", None, "#N/A", "text"]
    _, cells = read_xlsx(book(HEADER, stored)).rows[0]
    assert [cell.text for cell in cells] == ["ja", "199001012385", "5", "0.5", "2026-11-03", "", "", "", "text"]
    assert [cell.kind for cell in cells[1:4]] == [Kind.NUMBER] * 3
    assert cells[7].kind is Kind.BROKEN


async def test_a_formula_is_refused_and_its_last_value_not_taken(sender: Sender):
    """The file holds what the formula gave when it was saved: a name that would be taken, were it read."""
    content = book(HEADER, ["ekby/adults", NUMBERS[0], "=CONCATENATE(1)", "Fågelsson"])
    sheet = (
        part_of(content, SHEET)
        .replace(b"</f><v />", b"</f><v>Kanarina</v>")
        .replace(b"</f><v/>", b"</f><v>Kanarina</v>")
    )
    assert b"<v>Kanarina</v>" in sheet
    said = await sender.sends(with_part(content, SHEET, sheet), XLSX)
    (only,) = await sender.rows(said["id"])
    assert (only["code"], said["received"]) == ("sender/formula-refused", 0)
    assert "Kolumn C " in only["reason"]["sv"]


def test_a_text_that_begins_as_a_formula_is_one():
    made = Workbook()
    sheet: Any = made.active
    sheet.append(HEADER)
    sheet.cell(2, 1, "=1+1").data_type = "s"
    file = io.BytesIO()
    made.save(file)
    (_, (cell,)) = read_xlsx(file.getvalue()).rows[0]
    assert (cell.kind, cell.text) == (Kind.FORMULA, "")


def test_persons_on_the_second_sheet_are_found_and_on_two_refused():
    assert len(read_xlsx(book(["Mina anteckningar"], Personer=[HEADER, GOOD])).rows) == 1
    with pytest.raises(SheetUnclear) as found:
        read_xlsx(book(HEADER, GOOD, November=[HEADER, GOOD]))
    assert found.value.facts == {"found": 2}


def test_a_row_far_down_keeps_its_number():
    content = book(HEADER, GOOD)
    far = part_of(content, SHEET).replace(b'r="2"', b'r="900000"').replace(b'2"', b'900000"')
    assert [number for number, _ in read_xlsx(with_part(content, SHEET, far)).rows] == [900_000]


BASE = book(HEADER, GOOD)
TYPES = part_of(BASE, "[Content_Types].xml")
WIDE = part_of(BASE, SHEET).replace(b'r="D2"', b'r="BZ2"')
REFUSED: dict[str, tuple[bytes, type[Refused]]] = {
    "empty": (b"", NotXlsx),
    "not a zip": (b"Personnummer;", NotXlsx),
    "a password, or an .xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, NotXlsx),
    "another zip": (with_part(BASE, "mimetype", b"x")[:200], NotXlsx),
    "macros": (with_part(BASE, "xl/vbaProject.bin", b"x"), HoldsMacros),
    "macros by its type": (
        with_part(BASE, "[Content_Types].xml", TYPES.replace(b"sheet.main+xml", b"sheet.macroEnabled.main+xml")),
        HoldsMacros,
    ),
    "old macros": (with_part(BASE, "xl/macrosheets/sheet1.xml", b"<x/>"), HoldsMacros),
    "something embedded": (with_part(BASE, "xl/embeddings/oleObject1.bin", b"x"), HoldsMacros),
    "a link": (with_part(BASE, "xl/externalLinks/externalLink1.xml", b"<x/>"), HoldsLinks),
    "a source": (with_part(BASE, "xl/connections.xml", b"<x/>"), HoldsLinks),
    "a bomb": (with_part(BASE, "xl/sharedStrings.xml", b"0" * 30_000_000), TooLargeInside),
    "styles without end": (with_part(BASE, "xl/styles.xml", b"<x/>".ljust(300_000)), TooLargeInside),
    "a book without end": (with_part(BASE, "xl/workbook.xml", b"<x/>".ljust(300_000)), TooLargeInside),
    "a theme without end": (with_part(BASE, "xl/theme/theme1.xml", b"<x/>".ljust(300_000)), TooLargeInside),
    "links without end": (
        with_part(BASE, "xl/worksheets/_rels/sheet1.xml.rels", b"<x/>".ljust(300_000)),
        TooLargeInside,
    ),
    "an entity": (with_part(BASE, SHEET, ENTITY + part_of(BASE, SHEET)), NotXlsx),
    "an entity in the book": (with_part(BASE, "xl/workbook.xml", ENTITY + part_of(BASE, "xl/workbook.xml")), NotXlsx),
    "no XML": (with_part(BASE, SHEET, b"<worksheet"), NotXlsx),
    "a column too many": (with_part(BASE, SHEET, WIDE), TooManyColumns),
}


@pytest.mark.parametrize(("content", "refusal"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(content: bytes, refusal: type[Refused]):
    with pytest.raises(refusal) as found:
        read_xlsx(content)
    assert found.value.__cause__ is None
    assert str(found.value).isascii()


def test_many_wide_rows_do_not_grow():
    """A few bytes a row say that it is 16,000 columns wide."""
    wide = b"".join(b'<row r="%d"><c r="XFD%d"/></row>' % (n, n) for n in range(2, 500))
    sheet = part_of(BASE, SHEET)
    end = sheet.index(b"</sheetData>")
    with pytest.raises(TooLargeInside):
        read_xlsx(with_part(BASE, SHEET, sheet[:end] + wide.replace(b'r="2"', b'r="3"', 1) + sheet[end:]))


def with_empty_rows(count: int) -> bytes:
    """Above the rows of the base: each is a few bytes, and fewer when packed."""
    return with_part(
        BASE,
        SHEET,
        re.sub(rb' r="[A-Z]?[12]"', b"", part_of(BASE, SHEET)).replace(
            b"<sheetData>", b"<sheetData>" + b"<row/>" * count
        ),
    )


def test_empty_rows_are_counted(monkeypatch: pytest.MonkeyPatch):
    """They have no cells, but are read."""
    monkeypatch.setattr(xlsx_files, "CELLS", 40)
    assert len(read_xlsx(with_empty_rows(5)).rows) == 1
    with pytest.raises(TooLargeInside):
        read_xlsx(with_empty_rows(40))


def test_a_header_far_down_is_not_looked_for():
    assert len(read_xlsx(with_empty_rows(HEAD - 1)).rows) == 1
    with pytest.raises(SheetUnclear):
        read_xlsx(with_empty_rows(HEAD))


def named_again(count: int) -> bytes:
    """The one sheet, and so many more that are the same part."""
    said = part_of(BASE, "xl/workbook.xml")
    found = re.search(rb"<sheet [^>]*/>", said)
    assert found is not None
    more = [found[0].replace(b'name="Sheet"', b'name="s%d"' % n) for n in range(count)]
    return with_part(BASE, "xl/workbook.xml", said.replace(found[0], found[0] + b"".join(more)))


def test_one_part_may_not_be_many_sheets(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(SheetUnclear):
        read_xlsx(named_again(SHEETS - 1))
    with pytest.raises(TooLargeInside):
        read_xlsx(named_again(SHEETS))
    monkeypatch.setattr(xlsx_files, "CELLS", 20)
    with pytest.raises(TooLargeInside):
        read_xlsx(named_again(SHEETS - 1))


def test_a_part_cannot_say_that_it_is_small():
    """The size in the list of parts is a lie: no more than that is read, so the part is broken, not large."""
    content = with_part(BASE, SHEET, part_of(BASE, SHEET).ljust(3_000_000))
    assert len(read_xlsx(content).rows) == 1
    with pytest.raises(NotXlsx):
        read_xlsx(content.replace((3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))


def test_the_reader_expands_no_entities():
    assert DEFUSEDXML is True

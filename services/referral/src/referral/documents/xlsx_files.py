"""Reads an XLSX file without running anything in it: no formula, macro, link, nor more than it may grow to."""

import io
import math
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from shared.errors import Invalid, Refused

from .cells import EMPTY, Cell, Kind, Sheet, fold, sheet_of, text_cell
from .headers import NAMES, NUMBER

PARTS: Final = 200
INSIDE: Final = 20 * 1024 * 1024
"""Bytes of all parts together, as they are when unpacked: some five times what 10,000 rows take."""
SMALL: Final = 256 * 1024
"""Bytes of a part that is made into objects whole. Sheets and their texts are read piece by piece."""
LARGE: Final = re.compile(r"xl/(worksheets/[^/]*\.xml|sharedstrings\.xml|media/.*)")
SHEETS: Final = 12
CELLS: Final = 1_500_000
"""Cells and rows, of all sheets and every look at them together; a row costs one even if it is empty."""
HEAD: Final = 50
"""Rows among which a sheet has its header."""
LAST: Final = 1_048_576
"""The last row that a spreadsheet has."""
RUNS: Final = ("vbaproject", "macrosheets/", "dialogsheets/", "activex", "customui", "embeddings/", "ctrlprops/")
REACHES: Final = ("externallinks/", "connections.xml", "querytables/")
COPY: Final = "Copy the rows into the template, and send that."
OLD: Final = b"\xd0\xcf\x11\xe0"


class NotXlsx(Invalid):
    """The file is not an XLSX spreadsheet that can be read."""


class HoldsMacros(Invalid):
    """The spreadsheet holds macros or other things that run."""


class HoldsLinks(Invalid):
    """The spreadsheet has links to other files or sources."""


class TooLargeInside(Invalid):
    """The spreadsheet is larger when unpacked than what is read here."""


class SheetUnclear(Invalid):
    """It is not clear which sheet holds the persons."""


def read_xlsx(content: bytes) -> Sheet:
    """Raises the refusals of this module, and what `sheet_of` raises."""
    from openpyxl import load_workbook

    _look_inside(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            if len(book.worksheets) > SHEETS:
                raise TooLargeInside(COPY)
            budget = _Budget()
            found = [sheet for sheet in book.worksheets if _heads(sheet, budget)]
            if len(found) != 1:
                raise SheetUnclear("Have one sheet whose first row names the column Personnummer.", found=len(found))
            return sheet_of(_rows(found[0], budget))
        finally:
            book.close()
    except (Refused, MemoryError):
        raise
    except Exception:  # noqa: BLE001 -- a broken file makes its reader raise anything; none of it is to be repeated
        raise NotXlsx("Save it anew as an Excel workbook (.xlsx).") from None


def _look_inside(content: bytes) -> None:
    """By the list of parts alone, before anything is unpacked; what a part says of its size it cannot exceed."""
    if content.startswith(OLD):
        raise NotXlsx("Save it as an Excel workbook (.xlsx) without a password.")
    try:
        with ZipFile(io.BytesIO(content)) as parts:
            infos = parts.infolist()
            if len(infos) > PARTS or sum(info.file_size for info in infos) > INSIDE or any(map(_is_large, infos)):
                raise TooLargeInside(COPY)
            names = [info.filename.lower() for info in infos]
            types = parts.read("[Content_Types].xml").lower()
    except (BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError, ValueError, EOFError):
        raise NotXlsx("Save it as an Excel workbook (.xlsx).") from None
    if b"macroenabled" in types or any(part in name for name in names for part in RUNS):
        raise HoldsMacros("Save it as an Excel workbook (.xlsx), without macros.")
    if any(part in name for name in names for part in REACHES):
        raise HoldsLinks("Copy the values into the template, and send that.")


def _is_large(part: ZipInfo) -> bool:
    return part.file_size > SMALL and not LARGE.fullmatch(part.filename.lower())


class _Budget:
    """What is left of the cells that one file may have. Sheets share it: a file may name one part many times."""

    def __init__(self) -> None:
        self._left = CELLS

    def take(self, cells: int) -> None:
        self._left -= cells
        if self._left < 0:
            raise TooLargeInside(COPY)


def _heads(sheet: Any, budget: _Budget) -> bool:
    """Whether the first row that holds something names the column of personal numbers."""
    for _, cells in _rows(sheet, budget, last=HEAD):
        if any(cell != EMPTY for cell in cells):
            return any(fold(cell.text) in NAMES[NUMBER] for cell in cells)
    return False


def _rows(sheet: Any, budget: _Budget, *, last: int = LAST) -> Iterator[tuple[int, list[Cell]]]:
    """What a file says of its own dimensions is not believed; it may say much in few bytes, so cells are counted."""
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(max_row=last), 1):
        budget.take(len(row) + 1)
        if any(each.value is not None for each in row):
            yield number, [_cell(each) for each in row]


def _cell(stored: Any) -> Cell:
    value, kind = stored.value, stored.data_type
    if value is None:
        return EMPTY
    if kind == "f":
        return Cell(kind=Kind.FORMULA)
    if kind == "e":
        return Cell(kind=Kind.BROKEN)
    match value:
        case bool():
            return Cell("ja" if value else "nej")
        case datetime():
            return Cell(value.date().isoformat() if value.time() == time() else value.isoformat())
        case date():
            return Cell(value.isoformat())
        case int():
            return Cell(str(value), Kind.NUMBER)
        case float():
            whole = math.isfinite(value) and value.is_integer() and abs(value) < 1e15
            return Cell(str(int(value)) if whole else repr(value), Kind.NUMBER)
        case str():
            return text_cell(value)
        case _:
            return Cell(kind=Kind.BROKEN)

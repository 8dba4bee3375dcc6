"""Reads a document in a process of its own, and tells the service its rows. `python -m referral.documents.reading`"""

from collections.abc import Mapping
from typing import Any, Final

from shared.http.confined import answer

from .cells import Cell, Kind, Sheet
from .csv_files import read_csv
from .xlsx_files import read_xlsx

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
READERS: Final = {CSV: read_csv, XLSX: read_xlsx}


def told(sheet: Sheet) -> dict[str, Any]:
    """As JSON holds it: a text as itself, another cell with its kind."""
    rows = [(number, [_told(cell) for cell in cells]) for number, cells in sheet.rows]
    return {"header": sheet.header, "rows": rows}


def heard(said: Mapping[str, Any]) -> Sheet:
    """The sheet that was told."""
    rows = ((number, tuple(map(_heard, cells))) for number, cells in said["rows"])
    return Sheet(tuple(said["header"]), tuple(rows))


def _told(cell: Cell) -> str | tuple[str, str]:
    return cell.text if cell.kind is Kind.TEXT else (cell.kind, cell.text)


def _heard(said: Any) -> Cell:
    return Cell(said) if isinstance(said, str) else Cell(said[1], Kind(said[0]))


if __name__ == "__main__":
    answer(lambda kind, content: told(READERS[kind](content)))

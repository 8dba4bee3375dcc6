"""What both kinds of file are read into: a header and numbered rows of cells, within limits."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.errors import Invalid

ROWS: Final = 10_000
COLUMNS: Final = 50
SIGNS: Final = 500
MOST: Final = 4 * SIGNS
"""Signs that are looked at: composed, none has more than four. Sorting marks takes the square of how many there are."""
TEXT: Final = 5 * 1024 * 1024
"""Signs of all cells together: what a CSV could hold; a spreadsheet can repeat one text for a few bytes."""
RUNS: Final = re.compile(r"[\s\u00a0\u202f]+")
UNSEEN: Final = re.compile("[\u200b\u2060\ufeff\u00ad]")


class TooManyRows(Invalid):
    """The document has more rows than are read at a time."""


class TooManyColumns(Invalid):
    """The document has more columns than are read."""


class TooMuchText(Invalid):
    """The document holds more text than is read."""


class DocumentEmpty(Invalid):
    """The document has no rows."""


class Kind(StrEnum):
    """How a cell was stored, where that matters."""

    TEXT = "text"
    NUMBER = "number"
    FORMULA = "formula"
    BROKEN = "broken"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text without what cannot be seen, and how it was stored.

    A formula keeps no text; one that is far too long keeps its beginning, as it is.
    """

    text: str = ""
    kind: Kind = Kind.TEXT


EMPTY: Final = Cell()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A header and the rows below it that are not empty, each with its number as a spreadsheet shows it."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]


def text_cell(written: str) -> Cell:
    """A text as a person wrote it. What a spreadsheet would run as a formula is one, however it came here."""
    if len(written) > MOST:
        return Cell(written[:SIGNS].strip(), Kind.LONG)
    text = RUNS.sub(" ", UNSEEN.sub("", unicodedata.normalize("NFC", written))).strip()
    if text.startswith(("=", "@")):
        return Cell(kind=Kind.FORMULA)
    if not text.isprintable() and any(unicodedata.category(sign) in ("Cc", "Co", "Cn", "Cs") for sign in text):
        return Cell(kind=Kind.BROKEN)
    return Cell(text)


def sheet_of(numbered: Iterable[tuple[int, Sequence[Cell]]]) -> Sheet:
    """The first row that is not empty is the header. Raises what this module has."""
    held = 0
    header: tuple[str, ...] | None = None
    rows: list[tuple[int, tuple[Cell, ...]]] = []
    for number, cells in numbered:
        filled = _until_last(cells)
        if not filled:
            continue
        if len(filled) > COLUMNS:
            raise TooManyColumns(f"Send at most {COLUMNS} columns.", most=COLUMNS)
        held += sum(len(cell.text) for cell in filled)
        if held > TEXT:
            raise TooMuchText("Send it in several documents.")
        if header is None:
            header = tuple(cell.text for cell in filled)
            continue
        if len(rows) == ROWS:
            raise TooManyRows(f"Send at most {ROWS} rows at a time.", most=ROWS)
        rows.append((number, filled))
    if header is None or not rows:
        raise DocumentEmpty("Fill in the template: a header, and a row for each person.")
    return Sheet(header, tuple(rows))


def letter(index: int) -> str:
    """The letter of a column as a spreadsheet shows it, from 0: A, B … Z, AA."""
    index, last = divmod(index, 26)
    return (letter(index - 1) if index else "") + chr(ord("A") + last)


def fold(written: str) -> str:
    """A word without what people write differently: case, spaces, signs, dots and rings. No word of ours is cut."""
    plain = unicodedata.normalize("NFKD", written[:MOST].casefold())
    return "".join(sign for sign in plain if sign.isalnum())


def _until_last(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    last = max((n for n, cell in enumerate(cells, 1) if cell != EMPTY), default=0)
    return tuple(cells[:last])

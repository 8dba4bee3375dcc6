"""Reads a CSV file as offices make them: UTF-8 or Windows' signs, `;`, `,` or tab, whatever the spreadsheet chose."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from shared.errors import Invalid

from .cells import COLUMNS, Cell, Sheet, fold, sheet_of, text_cell
from .headers import is_known

DELIMITERS: Final = ";,\t"
SAYS: Final = re.compile(r"sep=([;,\t])\r?\n", re.IGNORECASE)
"""What Excel writes and reads above the header."""


class NotText(Invalid):
    """The file is not text in a coding that is read here."""


class NotCsv(Invalid):
    """The file is not CSV: its quotes do not match."""


def read_csv(content: bytes) -> Sheet:
    """Raises `NotText`, `NotCsv` with the line, and what `sheet_of` raises."""
    text = _decoded(content)
    says = SAYS.match(text)
    text = text[says.end() :] if says else text
    return sheet_of(_rows(text, says[1] if says else _delimiter(text)))


def _decoded(content: bytes) -> str:
    """UTF-16 or UTF-8 by their marks, else UTF-8, else Windows-1252.

    What says that it is Latin-1 is Windows-1252 with the same letters: the signs that differ are no letters in
    Latin-1 but controls, which nobody writes.
    """
    coding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    for each in (coding, "cp1252"):
        try:
            text = content.decode(each)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise NotText("Save it as CSV in UTF-8, or send the spreadsheet as it is.")


def _delimiter(text: str) -> str:
    """The one that finds most of our columns in the first line; `;`, as in Sweden, where none is better."""
    first = next((line for line in text.splitlines() if line.strip(" ;,\t")), "")
    return max(DELIMITERS, key=lambda sign: sum(is_known(fold(each)) for each in first.split(sign, COLUMNS)))


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[Cell]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, row in enumerate(reader, 1):
            yield number, [text_cell(each) for each in row]
    except csv.Error:
        raise NotCsv("Close each quote on its line.", line=reader.line_num) from None

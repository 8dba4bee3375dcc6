"""The template of a booking document: a spreadsheet with our headers, drop-downs, and a sheet that explains them."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from shared.pathways import Score, Title

from .cells import ROWS
from .columns import DOOR, FIXED, PATHWAY
from .headers import OF_THE_PATHWAY
from .rows import doors_of

PERSONS: Final = "Personer"
EXPLAINED: Final = "Förklaring"
LISTS: Final = "Listor"
TEXT: Final = "@"
DAY: Final = "yyyy-mm-dd"
YES: Final = ("ja", "nej")


@dataclass(frozen=True, slots=True)
class Shown:
    """A column as the template shows it."""

    header: str
    help: Title
    choices: tuple[str, ...] = ()
    closed: bool = True
    needed: bool = False
    format: str = TEXT


def template(scores: Sequence[Score]) -> bytes:
    """An XLSX for rows to these pathways. It holds no formula, no macro, and nobody's text but ours and theirs."""
    book = Workbook()
    book.properties.creator = "Samspår"
    persons: Any = book.active
    persons.title = PERSONS
    explained, lists = book.create_sheet(EXPLAINED), book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    persons.freeze_panes = "A2"
    for row in (("Kolumn", "Behövs", "Svenska", "English"), *map(_explained, shown := columns_of(scores))):
        explained.append(row)
    for n, column in enumerate(shown, 1):
        letter = get_column_letter(n)
        cell = persons.cell(1, n, column.header)
        cell.font = Font(bold=column.needed)
        persons.column_dimensions[letter].width = max(14, len(column.header) + 2)
        persons.column_dimensions[letter].number_format = column.format
        if column.choices:
            for row, each in enumerate((column.header, *column.choices), 1):
                lists.cell(row, n, each)
            persons.add_data_validation(_drop_down(column, letter))
    for letter, width in zip("ABCD", (24, 10, 60, 60), strict=True):
        explained.column_dimensions[letter].width = width
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def columns_of(scores: Sequence[Score]) -> list[Shown]:
    """The fixed columns, then those that the pathways name."""
    closed: Mapping[tuple[str, ...], tuple[str, ...]] = {
        PATHWAY: tuple(score.name for score in scores),
        DOOR: _once(word for score in scores for word in doors_of(score).values()),
    }
    shown = [
        Shown(
            each.header,
            each.help,
            closed.get(each.place, tuple(each.words.values())),
            each.closed,
            each.needed,
        )
        for each in FIXED
    ]
    named = {each.header: each for score in scores for each in _of_the_pathway(score)}
    return [*shown, *named.values()]


def _of_the_pathway(score: Score) -> list[Shown]:
    """A column for each fact to vouch for, question and date."""
    vouched = Title(sv="Den som remitterar intygar det.", en="The referrer vouches for it.")
    asked = Title(sv="Vägens fråga.", en="The pathway's question.")
    dated = Title(sv="Vägens datum, som 2026-11-03.", en="The pathway's date, as 2026-11-03.")
    entry = score.entry
    return [
        *(Shown(_header("attests", score, each), vouched, YES, needed=True) for each in entry.attests),
        *(
            Shown(_header("asks", score, each), asked, _once(score.word(word, "sv") for word in words), needed=True)
            for each, words in entry.asks.items()
        ),
        *(Shown(_header("dates", score, each), dated, needed=True, format=DAY) for each in entry.dates),
    ]


def _header(field: str, score: Score, id_: str) -> str:
    return f"{OF_THE_PATHWAY[field]}: {score.word(id_, 'sv')}"


def _drop_down(column: Shown, letter: str) -> DataValidation:
    """A list from the hidden sheet; where it is open, other values are taken as well."""
    cells = f"{LISTS}!${letter}$2:${letter}${len(column.choices) + 1}"
    return DataValidation(
        "list",
        formula1=cells,
        allow_blank=True,
        showErrorMessage=column.closed,
        errorTitle=column.header,
        error="Välj ur listan.",
        sqref=f"{letter}2:{letter}{ROWS + 1}",
    )


def _explained(column: Shown) -> tuple[str, str, str, str]:
    return column.header, "ja" if column.needed else "nej", column.help.sv, column.help.en


def _once(words: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))

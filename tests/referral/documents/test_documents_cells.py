"""No cell, header or word costs more than it should: what is far too long is not looked at."""

import pytest

from referral.documents.cells import MOST, SIGNS, TEXT, Cell, Kind, TooMuchText, fold, sheet_of, text_cell
from referral.documents.csv_files import read_csv
from referral.documents.layout import ColumnUnknown, Layout
from shared.testing.sending import Sender, as_csv, row

MARKS = "a" + "\u0316\u0301" * MOST
"""What composing would take the square of its length for; composed, its marks change places."""


def test_what_is_far_too_long_is_left_as_it_is():
    found = text_cell(MARKS)
    assert found == Cell(MARKS[:SIGNS], Kind.LONG)
    assert text_cell("A\u030a" * SIGNS) == Cell("Å" * SIGNS)


async def test_it_is_said_to_be_too_long(sender: Sender):
    """In a cell; one that composed is short enough is taken."""
    rows = [row(Förnamn=MARKS), row(Efternamn="x" * (SIGNS + 1)), row(Förnamn="A\u030a" * 60)]
    found = await sender.results(as_csv(rows), rows="good")
    assert [code for _, _, code in found] == ["sender/cell-too-long", "sender/cell-too-long", None]


def test_a_header_is_none_of_ours():
    with pytest.raises(ColumnUnknown) as found:
        Layout.of(read_csv(f"Väg;{MARKS}\na;b\n".encode()).header)
    assert found.value.facts == {"columns": "B"}


def test_a_word_is_folded_no_further_than_words_of_ours_go():
    assert len(fold("å" * 3 * MOST)) == MOST
    assert fold(" Väg:") == "vag"


def test_the_text_of_all_cells_is_counted():
    """A spreadsheet repeats one text for a few bytes."""
    cell = Cell("x" * SIGNS)
    wide = TEXT // SIGNS // 50
    with pytest.raises(TooMuchText):
        sheet_of((n, [cell] * 50) for n in range(wide + 1))
    assert len(sheet_of((n, [cell] * 50) for n in range(wide)).rows) == wide - 1

"""A document is read apart from the service: what it says comes back whole."""

from referral.documents.cells import Cell, Kind, Sheet
from referral.documents.reading import heard, told


def test_what_is_told_is_heard():
    cells = (Cell("Åsa\t\U0001f600"), Cell(), *(Cell("5", kind) for kind in Kind))
    sheet = Sheet(("Väg", ""), ((2, cells), (900_000, ())))
    assert heard(told(sheet)) == sheet

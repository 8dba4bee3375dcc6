"""CSV as offices make it: codings, delimiters, marks; what cannot be read is said with its place alone."""

import pytest

from referral.documents.cells import Kind
from referral.documents.csv_files import NotCsv, NotText, read_csv
from shared.errors import Refused
from shared.testing.sending import NUMBERS, Sender, as_csv, row

ROWS = [row(number, Förnamn="Åsa-Märta", Efternamn="Öberg Œdipe") for number in NUMBERS[:3]]
CODINGS = ["utf-8", "utf-8-sig", "cp1252", "utf-16"]


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_every_coding_and_delimiter_says_the_same(coding: str, delimiter: str):
    assert read_csv(as_csv(ROWS, delimiter=delimiter, coding=coding)) == read_csv(as_csv(ROWS))


@pytest.mark.parametrize("coding", [*CODINGS, "latin-1"])
async def test_every_coding_comes_in(sender: Sender, coding: str):
    rows = [row(Förnamn="Åsa", Efternamn="Öberg", Adress="Ängsvägen 3, 461 50 Ekby")]
    assert await sender.results(as_csv(rows, coding=coding)) == [(2, "received", None)]


def test_what_a_spreadsheet_writes_above_and_between():
    content = as_csv(ROWS[:2]).replace(b"\r\n", b"\r\n\r\n;;;\r\n", 1)
    found = read_csv(b"\xef\xbb\xbfsep=;\r\n" + content)
    assert [number for number, _ in found.rows] == [4, 5]
    assert found.rows[0][1] == read_csv(as_csv(ROWS[:2])).rows[0][1]


def test_a_delimiter_inside_a_cell_is_none():
    """The first line decides by the columns that it finds, not by how many signs there are."""
    found = read_csv('Väg;"Förnamn";Anteckning, a, b, c, d;Personnummer\n"a;b";"c\nd";e;1\n'.encode())
    assert found.header == ("Väg", "Förnamn", "Anteckning, a, b, c, d", "Personnummer")
    assert [cell.text for cell in found.rows[0][1]] == ["a;b", "c d", "e", "1"]


def test_signs_that_are_not_seen_go():
    (cell,) = read_csv("Väg\n\u200b A\u030angström\u00a0 \u00ad1 \n".encode()).rows[0][1]
    assert cell.text == "Ångström 1"


@pytest.mark.parametrize("text", ["=1+1", " =cmd|' /C calc'!A0", "@SUM(A1)", "\ufeff=HYPERLINK(1)"])
def test_what_a_spreadsheet_would_run_is_a_formula_and_forgotten(text: str):
    (cell,) = read_csv(f"Väg\n{text}\n".encode()).rows[0][1]
    assert (cell.kind, cell.text) == (Kind.FORMULA, "")


def test_a_control_sign_breaks_its_cell_alone():
    cells = read_csv(b"V\xc3\xa4g;Adress\na\x07b;c\n").rows[0][1]
    assert [cell.kind for cell in cells] == [Kind.BROKEN, Kind.TEXT]


UNREADABLE: dict[str, tuple[bytes, type[Refused], dict[str, object]]] = {
    "zeros": (b"V\x00g\n1\n", NotText, {}),
    "no coding": (b"V\xc3\xa4g\n\x81\x8d\xff\n", NotText, {}),
    "an open quote": ('Väg;Adress\na;"b\nc;d\n'.encode(), NotCsv, {"line": 3}),
    "after a quote": ('Väg\n"a"b\n'.encode(), NotCsv, {"line": 2}),
}


@pytest.mark.parametrize(("content", "refusal", "facts"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read(content: bytes, refusal: type[Refused], facts: dict[str, object]):
    with pytest.raises(refusal) as found:
        read_csv(content)
    assert found.value.facts == facts

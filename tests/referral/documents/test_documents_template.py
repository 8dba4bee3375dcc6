"""The template: downloaded, filled in, saved by whatever program, and sent."""

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from referral.documents.cells import Kind
from referral.documents.reasons import REASONS
from referral.documents.xlsx_files import read_xlsx
from shared.testing.sending import NUMBERS, XLSX, Sender

ASKED = {"pathway": "ekby/asking"}
FILLED = {
    "Väg": "ekby/asking",
    "Ingång": "Bokningsdokument",
    "Personnummer": NUMBERS[0],
    "Förnamn": "Åsa",
    "Efternamn": "Öberg",
    "Språk": "kurdiska (sorani)",
    "Intygas: Har rätt till bistånd": "ja",
    "Intygas: Ingen annan sysselsättning": "ja",
    "Fråga: Stöd": "Vanligt",
    "Datum: Börjar": "2026-12-01",
}


async def downloaded(sender: Sender, **query: Any) -> Any:
    answer = await sender.client.get("/booking-documents/template", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
    assert "bokningsdokument.xlsx" in answer.headers["content-disposition"]
    return load_workbook(io.BytesIO(answer.content))


def filled(book: Any, *rows: dict[str, str]) -> bytes:
    """The workbook with these rows below its header."""
    sheet = book["Personer"]
    place = {cell.value: cell.column for cell in sheet[1]}
    for number, said in enumerate(rows, 2):
        for header, value in said.items():
            sheet.cell(number, place[header], value)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


async def test_there_and_back(sender: Sender):
    content = filled(await downloaded(sender, **ASKED), FILLED, FILLED | {"Personnummer": NUMBERS[1]})
    assert await sender.results(content, XLSX) == [(2, "received", None), (3, "received", None)]
    told = await sender.app.told("referral.received")
    assert told[0].said["answers"] == {"door": "booking_document", "support": "ordinary"}
    assert told[0].said["dates"] == {"start": "2026-12-01"}


async def test_each_closed_column_drops_down(sender: Sender):
    sheet = (book := await downloaded(sender, **ASKED))["Personer"]
    letters = {cell.value: cell.column_letter for cell in sheet[1]}
    found = {
        str(each.sqref).rstrip("0123456789:").partition("2")[0]: each for each in sheet.data_validations.dataValidation
    }
    shown: dict[str, list[Any]] = {}
    for header, letter in letters.items():
        if letter in found:
            _, _, cells = found[letter].formula1.partition("!")
            shown[header] = [cell.value for (cell,) in book["Listor"][cells.replace("$", "")]]
            assert str(found[letter].sqref) == f"{letter}2:{letter}10001"
    assert shown["Väg"] == ["ekby/asking"]
    assert shown["Ingång"] == ["Bokningsdokument", "Andra ingången"]
    assert shown["Typ av nummer"] == ["personnummer", "samordningsnummer", "reservnummer", "interimsnummer"]
    assert shown["Intygas: Har rätt till bistånd"] == ["ja", "nej"]
    assert shown["Fråga: Stöd"] == ["Förstärkt", "Vanligt"]
    assert "arabiska" in shown["Språk"]
    assert not found[letters["Språk"]].showErrorMessage
    assert "Datum: Börjar" not in shown


async def test_a_number_stays_a_text_and_each_column_is_explained(sender: Sender):
    book = await downloaded(sender, **ASKED)
    assert book["Personer"].column_dimensions["C"].number_format == "@"
    explained = [[cell.value for cell in row] for row in book["Förklaring"].iter_rows(min_row=2)]
    assert [row[0] for row in explained] == [cell.value for cell in book["Personer"][1]]
    assert all(all(row) for row in explained)
    assert [row[1] for row in explained if row[0] in ("Personnummer", "Telefon")] == ["ja", "nej"]


async def test_two_pathways_in_one(sender: Sender):
    book = await downloaded(sender, pathway=["ekby/adults", "ekby/asking"])
    plain = {name: FILLED[name] for name in ("Personnummer", "Förnamn", "Efternamn")} | {"Väg": "ekby/adults"}
    content = filled(book, plain, FILLED | {"Personnummer": NUMBERS[1]})
    assert await sender.results(content, XLSX) == [(2, "received", None), (3, "received", None)]


async def test_nothing_in_it_could_run(sender: Sender):
    """No cell of the template, and no reason that is answered, begins as a formula; nobody's text is in either."""
    book = await downloaded(sender, **ASKED)
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert [cell.value for cell in cells if cell.data_type != "s" or str(cell.value)[0] in "=@+-\t"] == []
    texts = [text for each in REASONS.values() for text in (each.sv, each.en)]
    assert [text for text in texts if not text[0].isalpha()] == []


@pytest.mark.parametrize("pathway", ["ekby/nothing", "elsewhere/adults", "ekby/../sweden", ""])
async def test_no_template_for_what_is_not_there(sender: Sender, pathway: str):
    answer = await sender.client.get("/booking-documents/template", params={"pathway": pathway})
    assert answer.status_code == 422


async def test_an_excel_date_is_a_date(sender: Sender):
    """Also where the spreadsheet stores a date for a person's number: that is refused, not turned into one."""
    book = await downloaded(sender, **ASKED)
    content = filled(book, FILLED)
    ((_, cells),) = read_xlsx(content).rows
    assert {cell.kind for cell in cells} == {Kind.TEXT}

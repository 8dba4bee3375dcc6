"""What a row may say: people's habits are understood, nothing is guessed, and each wrong row has its one reason."""

import json

import pytest

from referral.documents.cells import DocumentEmpty, TooManyColumns, TooManyRows, letter
from referral.documents.columns import FIXED
from referral.documents.csv_files import read_csv
from referral.documents.headers import OF_THE_PATHWAY
from referral.documents.layout import ColumnMissing, ColumnTwice, ColumnUnknown, Layout
from referral.documents.rows import lines
from referral.usecases.documents import Row
from referral.usecases.intake import Sent
from referral.usecases.repertoire import UnknownPathway
from shared.errors import Refused
from shared.identity import Identity
from shared.pathways import Score
from shared.testing.sending import ASKING, NUMBERS, Sender, as_csv, many, row

TAKEN = {
    "with a hyphen": row("900101-2385"),
    "without century": row("9001012385"),
    "with a dash of the spreadsheet's": row("19900101–2385"),
    "with spaces": row(" 19900101 2385 "),
    "a samordningsnummer": row("197010632391"),
    "its kind said": row("199001012385", **{"Typ av nummer": "Personnummer"}),
    "a reserve number": row("19900101R012", **{"Typ av nummer": "reservnummer"}),
    "the word of the interface": row("19900101R012", **{"Typ av nummer": "reserve"}),
    "a language by code": row(Språk="kat"),
    "a language by name": row(Språk="Arabiska"),
    "the door by its word": row(Ingång="bokningsdokument"),
    "the door by its name": row(Ingång="booking_document"),
    "nothing but what is needed": {k: v for k, v in row().items() if k not in ("Telefon", "Språk")},
    "all that the pathway asks": row(**ASKING),
    "a column of another pathway, empty": row(**{"Fråga: Stöd": "", "Intygas: Har rätt till bistånd": "nej"}),
}


@pytest.mark.parametrize("said", TAKEN.values(), ids=TAKEN)
async def test_what_is_taken(sender: Sender, said: dict[str, str]):
    assert await sender.results(as_csv([said])) == [(2, "received", None)]


LONG = "x" * 501
WRONG = {
    "no such number": (row("199001012386"), "sender/identity-wrong", "B"),
    "not a number": (row("kanarina"), "sender/identity-wrong", "B"),
    "the other kind": (row(**{"Typ av nummer": "samordningsnummer"}), "sender/identity-wrong", "B"),
    "zeros lost": (row("501012389"), "sender/number-cut", "B"),
    "an exponent": (row("1,99001E+11"), "sender/number-cut", "B"),
    "no name": (row(Förnamn=""), "sender/cell-missing", "C"),
    "nothing needed": (row("", Förnamn=" ", Efternamn="\u00a0"), "sender/cell-missing", "B, C, D"),
    "too long for a cell": (row(Efternamn=LONG), "sender/cell-too-long", "D"),
    "too long for its field": (row(Efternamn=LONG[:201]), "sender/cell-wrong", "D"),
    "no such language": (row(Språk="klingonska"), "sender/cell-wrong", "F"),
    "no such kind": (row(**{"Typ av nummer": "passnummer"}), "sender/cell-wrong", "G"),
    "a formula": (row(Telefon="=1+1"), "sender/formula-refused", "E"),
    "unknown pathway": (row(Väg="ekby/nothing"), "sender/unknown-pathway", "A"),
    "out of the folder": (row(Väg="ekby/../sweden"), "sender/cell-wrong", "A"),
    "no door for documents": (row(Ingång="direct"), "sender/door-unknown", "booking_document"),
    "which of two doors": (row(**ASKING | {"Ingång": ""}), "sender/door-unknown", "second"),
    "not vouched for": (
        row(**ASKING | {"Intygas: no_other_activity": "nej"}),
        "sender/not-attested",
        "no_other_activity",
    ),
    "perhaps vouched for": (row(**ASKING | {"Intygas: no_other_activity": "kanske"}), "sender/cell-wrong", "I"),
    "another answer": (row(**ASKING | {"Fråga: Stöd": "mycket"}), "sender/cell-wrong", "J"),
    "no date": (row(**ASKING | {"Datum: Börjar": "första december"}), "sender/cell-wrong", "K"),
    "no answer": (row(**ASKING | {"Fråga: Stöd": ""}), "sender/ask-wrong", "support"),
    "an answer to another pathway": (row(**{"Fråga: Stöd": "vanligt"}), "sender/cell-wrong", "G"),
    "vouched for another pathway": (row(**{"Intygas: Något": "ja"}), "sender/cell-wrong", "G"),
    "too old": (row("189001019802"), "sender/age-outside", "25-65"),
}


@pytest.mark.parametrize(("said", "code", "names"), WRONG.values(), ids=WRONG)
async def test_what_is_refused_and_why(sender: Sender, said: dict[str, str], code: str, names: str):
    document = await sender.sends(as_csv([said]))
    (only,) = await sender.rows(document["id"])
    assert (only["status"], only["code"], document["status"]) == ("refused", code, "refused")
    for text in only["reason"].values():
        assert f" {names}" in text
        assert "…" not in text
    assert only["reason"]["sv"] != only["reason"]["en"]


async def test_what_stands_beside_the_columns(sender: Sender):
    content = as_csv([row()]).replace(b"Telefon", b"", 1)
    document = await sender.sends(content)
    (only,) = await sender.rows(document["id"])
    assert (only["code"], "Kolumn E " in only["reason"]["sv"]) == ("sender/cell-unnamed", True)


HEADS = "Väg;Personnummer;Förnamn;Efternamn"
HEADERS: dict[str, tuple[str, type[Refused] | None, dict[str, object]]] = {
    "case, spaces, signs, no dots": ("VAG;person nummer;fornamn *;EFTERNAMN:", None, {}),
    "other words": ("process;PNR;Förnamn;Efternamn;Mejl;Mobil", None, {}),
    "unknown": (f"{HEADS};Telefon;Skostorlek;Hemligt", ColumnUnknown, {"columns": "F, G"}),
    "twice": (f"{HEADS};förnamn", ColumnTwice, {"columns": "E"}),
    "twice by other words": (f"{HEADS};pnr", ColumnTwice, {"columns": "E"}),
    "missing": ("Väg;Personnummer;Telefon", ColumnMissing, {"missing": "Förnamn, Efternamn"}),
    "a beginning alone": (f"{HEADS};Intygas", ColumnUnknown, {"columns": "E"}),
}


@pytest.mark.parametrize(("header", "refusal", "facts"), HEADERS.values(), ids=HEADERS)
def test_headers(header: str, refusal: type[Refused] | None, facts: dict[str, object]):
    if refusal is None:
        Layout.of(header.split(";"))
        return
    with pytest.raises(refusal) as found:
        Layout.of(header.split(";"))
    assert found.value.facts == facts


async def test_a_wrong_header_is_a_problem_that_repeats_nothing(sender: Sender):
    answer = await sender.post(as_csv([row(Hemligt="x")]))
    assert (answer.status_code, answer.json()["code"], answer.json()["columns"]) == (422, "sender/column-unknown", "G")
    assert "emlig" not in answer.text


TOO_MUCH: dict[str, tuple[bytes, type[Refused]]] = {
    "rows": (as_csv(many(10_001)), TooManyRows),
    "columns": (";".join(["Väg"] * 51).encode() + b"\n1\n", TooManyColumns),
    "columns below": (b"V\xc3\xa4g\n" + b";" * 50 + b"1\n", TooManyColumns),
    "nothing": (b"", DocumentEmpty),
    "no rows": (HEADS.encode() + b"\n;;;\n\n", DocumentEmpty),
}


@pytest.mark.parametrize(("content", "refusal"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_too_much_and_too_little(content: bytes, refusal: type[Refused]):
    with pytest.raises(refusal):
        read_csv(content)


@pytest.mark.parametrize(("index", "shown"), [(0, "A"), (25, "Z"), (26, "AA"), (49, "AX"), (701, "ZZ"), (702, "AAA")])
def test_letters(index: int, shown: str):
    assert letter(index) == shown


def test_the_same_row_is_always_the_same_text():
    """A set has no order of its own, and another one in each process."""
    identity = Identity.model_validate({"type": "personnummer", "value": NUMBERS[0]})
    words = [f"fact_{n}" for n in range(10)]
    sent = Sent(pathway="ekby/asking", door="second", identity=identity, contact={}, attests=set(words))
    assert json.loads(Row.of(1, sent).content)["attests"] == words


def test_a_document_does_not_make_us_look_for_any_number_of_pathways():
    sheet = read_csv(as_csv([row(Väg=f"ekby/{'a' * n}") for n in range(1, 40)]))
    asked: list[str] = []

    def score_of(name: str) -> Score:
        asked.append(name)
        raise UnknownPathway

    assert [line.body for line in lines(sheet, Layout.of(sheet.header), score_of)] == [None] * 39
    assert len(asked) == 20


def test_every_field_of_a_referral_has_a_column():
    """A field that POST /referrals takes and no column holds would be out of reach of a document."""
    from referral.api.referrals import NewReferral

    shapes = NewReferral.model_json_schema()

    def fields(shape: dict[str, object], *above: str) -> set[tuple[str, ...]]:
        if "$ref" in shape:
            shape = shapes["$defs"][str(shape["$ref"]).rpartition("/")[2]]
        properties = shape.get("properties")
        if not isinstance(properties, dict):
            return {above}
        return {each for name, inner in properties.items() for each in fields(inner, *above, name)}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] -- a schema has no types

    columns = {each.place for each in FIXED} | {(name,) for name in OF_THE_PATHWAY}
    assert fields(shapes) == columns

"""The columns of a booking document: one row for each field of a referral. A field more is a row more here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from shared.errors import Invalid
from shared.pathways import Title

from .cells import Cell, Kind, fold
from .headers import NAMES, NUMBER
from .languages import LANGUAGES

CUT: Final = re.compile(r"[0-9]{7,9}|[0-9]+[.,][0-9]+[eE]\+?[0-9]+")
"""What is left of a personal number where a spreadsheet took it for a number: no leading zeros, or an exponent."""


class CellWrong(Invalid):
    """A cell says something that its column does not hold."""


class NumberCut(Invalid):
    """The spreadsheet has shortened a personal number."""


Read = Callable[[Cell], Any]
"""A cell that is not empty, as the field's value. Raises `CellWrong` or `NumberCut`."""


def as_text(cell: Cell) -> str:
    return cell.text


def as_number(cell: Cell) -> str:
    """A personal number as it is written. What was cut is not guessed: it could become another person's."""
    text = re.sub(r"[\u2010-\u2015\u2212]", "-", cell.text).replace(" ", "")
    if CUT.fullmatch(text):
        raise NumberCut("Write all twelve digits in a cell that is formatted as text.")
    return text


def as_date(cell: Cell) -> str:
    """ISO 8601."""
    try:
        if cell.kind is Kind.TEXT:
            return date.fromisoformat(cell.text).isoformat()
    except ValueError:
        pass
    raise CellWrong("Write a date as 2026-11-03.")


def as_yes(cell: Cell) -> bool:
    """Ja or nej."""
    said = {"ja": True, "j": True, "x": True, "yes": True, "nej": False, "n": False, "no": False}.get(fold(cell.text))
    if said is None:
        raise CellWrong("Write ja or nej.")
    return said


def one_of(words: Mapping[str, str], *, pattern: str | None = None) -> Read:
    """A closed word, as the column shows it or as the interface names it; `pattern`: codes that are taken as well."""
    known = {fold(shown): word for word, shown in words.items()} | {fold(word): word for word in words}

    def read(cell: Cell) -> str:
        if (word := known.get(fold(cell.text))) is not None:
            return word
        if pattern and re.fullmatch(pattern, cell.text):
            return cell.text
        raise CellWrong("Choose one of the list.")

    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: where its value stands in the body of POST /referrals, and what its drop-down shows for which word."""

    header: str
    place: tuple[str, ...]
    help: Title
    read: Read = as_text
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    needed: bool = False
    closed: bool = True

    @property
    def names(self) -> frozenset[str]:
        """What its header may be, folded."""
        return NAMES[self.header]


NUMBERS: Final = {
    "personnummer": "personnummer",
    "samordningsnummer": "samordningsnummer",
    "reserve": "reservnummer",
    "interim": "interimsnummer",
}
PATHWAY: Final = ("pathway",)
DOOR: Final = ("door",)
VALUE: Final = ("person", "identity", "value")
KIND: Final = ("person", "identity", "type")


def _column(header: str, where: str, sv: str, en: str, **more: Any) -> Column:
    return Column(header=header, place=tuple(where.split(".")), help=Title(sv=sv, en=en), **more)


FIXED: Final = (
    _column("Väg", "pathway", "Vart personen remitteras.", "Where to.", needed=True),
    _column("Ingång", "door", "Hur; tomt om det bara finns en.", "By which door; empty if one."),
    _column(
        NUMBER,
        "person.identity.value",
        "Tolv siffror, eller tio med - eller +.",
        "Twelve digits, or ten with - or +.",
        needed=True,
        read=as_number,
    ),
    _column(
        "Typ av nummer",
        "person.identity.type",
        "Behövs bara för reserv- och interimsnummer.",
        "Only for reserve and interim numbers.",
        words=NUMBERS,
        read=one_of(NUMBERS),
    ),
    _column("Förnamn", "person.contact.givenName", "Tilltalsnamnet.", "Given name.", needed=True),
    _column("Efternamn", "person.contact.familyName", "Efternamnet.", "Family name.", needed=True),
    _column("Telefon", "person.contact.phone", "Med 0 eller +46 först.", "Phone."),
    _column("E-post", "person.contact.email", "E-postadressen.", "E-mail."),
    _column("Adress", "person.contact.address", "Gata, postnummer, ort.", "Street, post code, town."),
    _column(
        "Språk",
        "person.contact.language",
        "Ur listan, eller en kod enligt ISO 639-3.",
        "From the list, or a code of ISO 639-3.",
        words=LANGUAGES,
        read=one_of(LANGUAGES, pattern="[a-z]{3}"),
        closed=False,
    ),
)

"""Reads rows: each becomes the body that POST /referrals takes, or the one reason why it does not."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from referral.domain.referrals import DoorUnknown
from shared.errors import Invalid, Refused
from shared.pathways import Score
from shared.pathways.spelling import PATHWAY_ID

from .cells import EMPTY, SIGNS, Cell, Kind, Sheet, fold, letter
from .columns import DOOR, KIND, PATHWAY, VALUE, CellWrong, Column, NumberCut, as_date, as_yes, one_of
from .layout import Layout, Named, spoken

BATCH: Final = "batch"
"""How a pathway says that one comes in by a document."""
NAME: Final = re.compile(PATHWAY_ID)
LONGEST: Final = 100
COORDINATION: Final = re.compile(r"[0-9]{4,6}[6-9][0-9][-+]?[0-9]{4}")

PATHWAYS: Final = 20
"""How many a document may name: each is looked for among files."""

ScoreOf = Callable[[str], Score]
"""The pathway of a name. Raises `UnknownPathway`."""


class CellMissing(Invalid):
    """The row lacks something that is needed."""


class CellTooLong(Invalid):
    """A cell holds more than is read."""


class FormulaRefused(Invalid):
    """A cell holds a formula."""


class CellUnnamed(Invalid):
    """A cell stands in a column without a header."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: a body, or why there is none. `texts` are what stood there, for telling it from others alone."""

    number: int
    texts: tuple[str, ...]
    body: dict[str, Any] | None = None
    refusal: Refused | None = None


def lines(sheet: Sheet, layout: Layout, score_of: ScoreOf) -> Iterator[Line]:
    """Every row that is not empty. Raises nothing for what a row says."""
    known = _Known(score_of)
    for number, cells in sheet.rows:
        texts = tuple(f"{cell.kind}:{cell.text}" for cell in cells)
        try:
            yield Line(number, texts, body=_body(cells, layout, known))
        except Refused as refusal:
            yield Line(number, texts, refusal=refusal)


def doors_of(score: Score) -> dict[str, str]:
    """The doors of a pathway by which documents come in, with the words that a person reads."""
    return {each.name: score.word(each.name, "sv") for each in score.entry.doors if each.via == BATCH}


class _Known:
    """Pathways by name, each asked for once, also one that is not there."""

    def __init__(self, score_of: ScoreOf) -> None:
        self._score_of = score_of
        self._found: dict[str, Score | Refused] = {}

    def __getitem__(self, name: str) -> Score:
        if name not in self._found:
            if len(self._found) == PATHWAYS:
                raise CellWrong(f"Name at most {PATHWAYS} pathways in one document.")
            try:
                self._found[name] = self._score_of(name)
            except Refused as refusal:
                self._found[name] = refusal
        found = self._found[name]
        if isinstance(found, Refused):
            raise found
        return found


def _body(cells: Sequence[Cell], layout: Layout, known: _Known) -> dict[str, Any]:
    placed = [*zip(layout.columns, cells, strict=False)]
    beyond = [letter(n) for n, cell in enumerate(cells) if cell != EMPTY and _unnamed(layout, n)]
    _refuse(CellUnnamed("Give the column a header of the template, or empty it."), beyond)
    _refuse(FormulaRefused("Write the value itself."), _where(cells, lambda cell: cell.kind is Kind.FORMULA))
    _refuse(CellTooLong(f"Write at most {SIGNS} signs."), _where(cells, _is_long))
    _refuse(CellWrong("Write it anew."), _where(cells, lambda cell: cell.kind is Kind.BROKEN))
    given = {n for n, cell in enumerate(cells) if cell != EMPTY}
    needed = (n for n, each in enumerate(layout.columns) if isinstance(each, Column) and each.needed)
    _refuse(CellMissing("Fill it in."), [letter(n) for n in needed if n not in given])
    body: dict[str, Any] = {}
    wrong: list[str] = []
    for n, (column, cell) in enumerate(placed):
        if isinstance(column, Column) and cell != EMPTY:
            try:
                _place(body, column.place, column.read(cell))
            except NumberCut as cut:
                raise NumberCut(cut.remedy, columns=letter(n)) from None
            except CellWrong:
                wrong.append(letter(n))
    _refuse(CellWrong("Write what the column holds."), wrong)
    _kind_of_number(body)
    score = _score(body, layout, known)
    _door(body, score, layout)
    wrong = [letter(n) for n, (each, cell) in enumerate(placed) if isinstance(each, Named) and cell != EMPTY]
    for n, (column, cell) in enumerate(placed):
        if isinstance(column, Named) and cell != EMPTY and _answered(body, column, cell, score):
            wrong.remove(letter(n))
    _refuse(CellWrong("Write what the column holds."), wrong)
    return body


def _unnamed(layout: Layout, n: int) -> bool:
    return n >= len(layout.columns) or layout.columns[n] is None


def _where(cells: Sequence[Cell], is_so: Callable[[Cell], bool]) -> list[str]:
    return [letter(n) for n, cell in enumerate(cells) if is_so(cell)]


def _is_long(cell: Cell) -> bool:
    return cell.kind is Kind.LONG or len(cell.text) > SIGNS


def _refuse(refusal: Refused, letters: Sequence[str]) -> None:
    if letters:
        raise type(refusal)(refusal.remedy, columns=spoken(letters))


def _place(body: dict[str, Any], field: Sequence[str], value: Any) -> None:
    for name in field[:-1]:
        body = body.setdefault(name, {})
    body[field[-1]] = value


def _kind_of_number(body: dict[str, Any]) -> None:
    """Where the row does not say it: a day of birth over 60 is a samordningsnummer's."""
    identity = body[VALUE[0]][VALUE[1]]
    if KIND[-1] not in identity:
        coordination = COORDINATION.fullmatch(identity[VALUE[-1]])
        identity[KIND[-1]] = "samordningsnummer" if coordination else "personnummer"


def _score(body: dict[str, Any], layout: Layout, known: _Known) -> Score:
    name, where = body[PATHWAY[0]], layout.letter_of(PATHWAY) or ""
    if len(name) > LONGEST or not NAME.fullmatch(name):
        raise CellWrong("Give the name of a pathway.", columns=where)
    try:
        return known[name]
    except Refused as refused:
        raise type(refused)(refused.remedy, columns=where) from None


def _door(body: dict[str, Any], score: Score, layout: Layout) -> None:
    """The door by its word, or the only one."""
    doors = doors_of(score)
    said = body.get(DOOR[0])
    try:
        body[DOOR[0]] = next(iter(doors)) if said is None and len(doors) == 1 else one_of(doors)(Cell(said or ""))
    except CellWrong:
        where = layout.letter_of(DOOR) or ""
        raise DoorUnknown("Choose a door for documents.", doors=", ".join(doors), columns=where) from None


def _answered(body: dict[str, Any], column: Named, cell: Cell, score: Score) -> bool:
    """Takes a fact, an answer or a date of the pathway in. False where the pathway has none such, or not so."""
    ids = {"attests": score.entry.attests, "asks": score.entry.asks, "dates": score.entry.dates}[column.field]
    id_ = next((each for each in ids if column.name in _names(score, each)), None)
    try:
        if column.field == "attests":
            yes = as_yes(cell)
            if yes and id_ is not None:
                body.setdefault("attests", []).append(id_)
            return id_ is not None or not yes
        if id_ is None:
            return False
        words = {each: score.word(each, "sv") for each in score.entry.asks.get(id_, ())}
        body.setdefault(column.field, {})[id_] = (as_date if column.field == "dates" else one_of(words))(cell)
    except CellWrong:
        return False
    return True


def _names(score: Score, id_: str) -> frozenset[str]:
    return frozenset(fold(each) for each in (id_, score.word(id_, "sv"), score.word(id_, "en")))

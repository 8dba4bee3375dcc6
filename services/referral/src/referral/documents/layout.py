"""Which column of a file is which: its header, read tolerantly but never guessed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.errors import Invalid

from .cells import fold, letter
from .columns import FIXED, Column
from .headers import OF_THE_PATHWAY

SPOKEN: Final = 20
"""How many columns a refusal names."""


class ColumnUnknown(Invalid):
    """The document has columns that are not known here."""


class ColumnTwice(Invalid):
    """The document has a column twice."""


class ColumnMissing(Invalid):
    """The document lacks a column that is needed."""


@dataclass(frozen=True, slots=True)
class Named:
    """A column that the pathway of each row gives its meaning: `Intygas: …`. `name` is folded."""

    field: str
    name: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one file from the left; nothing where the header is empty."""

    columns: tuple[Column | Named | None, ...]

    @classmethod
    def of(cls, header: Sequence[str]) -> "Layout":
        """Raises `ColumnUnknown` and `ColumnTwice` with the letters, `ColumnMissing` with our own headers."""
        found = tuple(_column(fold(each)) for each in header)
        unknown = [letter(n) for n, each in enumerate(found) if each is None and fold(header[n])]
        if unknown:
            raise ColumnUnknown("Use the headers of the template; remove other columns.", columns=spoken(unknown))
        twice = [letter(n) for n, each in enumerate(found) if each is not None and each in found[:n]]
        if twice:
            raise ColumnTwice("Keep one of them.", columns=spoken(twice))
        missing = [each.header for each in FIXED if each.needed and each not in found]
        if missing:
            raise ColumnMissing("Use the headers of the template.", missing=", ".join(missing))
        return cls(found)

    def letter_of(self, field: Sequence[str | int]) -> str | None:
        """Where a field of the body stands: the column of its longest known beginning."""
        for end in range(len(field), 0, -1):
            for n, each in enumerate(self.columns):
                if isinstance(each, Column) and each.place == tuple(field[:end]):
                    return letter(n)
        return None


def spoken(letters: Sequence[str]) -> str:
    """Letters in a sentence."""
    return ", ".join(letters[:SPOKEN]) + (" …" if len(letters) > SPOKEN else "")


def _column(folded: str) -> Column | Named | None:
    for each in FIXED:
        if folded in each.names:
            return each
    for field, begins in OF_THE_PATHWAY.items():
        name = folded.removeprefix(fold(begins))
        if name and name != folded:
            return Named(field, name)
    return None

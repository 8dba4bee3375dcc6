"""How a definition spells names: the one place that the grammar, its schema and the API of referrals read."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated

from pydantic import Field

_NAME = r"[a-z]([a-z_-]|[0-9]{1,5}[a-z_-])*[0-9]{0,5}"
ID = rf"^{_NAME}$"
"""A letter first; never six digits in a row, so that no word can hold a person's number."""
LENGTH = 60
TARGET = rf"^(back to|end) {_NAME}$|^ask again$"
PATHWAY_ID = rf"^{_NAME}/{_NAME}$"
AGES = r"^[0-9]{1,3}-([0-9]{1,3})?$"

Id = Annotated[str, Field(pattern=ID, max_length=LENGTH)]
PathwayName = Annotated[str, Field(pattern=PATHWAY_ID, max_length=100, description="<area>/<name>")]

SPELT = "small letters a-z, digits, _ and -, a letter first, at most 60 signs and never six digits in a row"


class Miswritten(ValueError):
    """A part of a definition that cannot be read: what it is not, what it could be, and at which key of the part."""

    def __init__(self, message: str, remedy: str, key: str | None = None) -> None:
        super().__init__(f"{message} {remedy}")
        self.message = message
        self.remedy = remedy
        self.key = key


def meant(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'coach'? `, or nothing where no known word is near."""
    near = get_close_matches(word, sorted({*known} - {word}), n=1, cutoff=0.7)
    return f"Did you mean '{near[0]}'? " if near else ""

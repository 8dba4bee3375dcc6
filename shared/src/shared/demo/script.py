"""The script of a demo: who is referred, and what each party does when. Times are local to Stockholm."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.errors import Invalid

from .moves import Do, Local, Move

CLOSED = ConfigDict(extra="forbid", frozen=True)


class ScriptWrong(Invalid):
    """The demo's script cannot be read."""


class Person(BaseModel):
    """One person of the script, under a pseudonym: the name never leaves the referral.

    `row`: where the person stands in the booking document, which then says who it is.
    """

    model_config = CLOSED

    pseudonym: str
    story: str
    person: dict[str, Any] | None = None
    row: int | None = None
    moves: list[Move] = Field(default_factory=list[Move])

    @model_validator(mode="after")
    def _comes_in_by_one_way(self) -> Self:
        referred = any(move.do is Do.REFER for move in self.moves)
        if (self.person is None) is (self.row is None) or referred is (self.row is not None):
            raise ValueError("a person is referred by a move, or stands in a row of the document")
        return self


class Document(BaseModel):
    """A booking document that a party sends, a file beside the script. `rows`: as the route takes it."""

    model_config = CLOSED

    at: Local
    by: str
    file: str
    rows: str = "good"


@dataclass(frozen=True)
class Turn:
    """What happens next: a move of one person, of whom it is the nth, or the document comes in."""

    at: Local
    move: Move | None = None
    person: Person | None = None
    n: int = 0

    @property
    def words(self) -> str:
        """For whoever looks on."""
        if self.move is None or self.person is None:
            return "the booking document"
        return f"{self.person.pseudonym}: {self.move.by} {self.move.do} {self.move.task}".strip()


class Script(BaseModel):
    """A whole demo of one organisation. `others`: which parties are of another one."""

    model_config = CLOSED

    organisation: str
    begins: Local
    referral: dict[str, Any]
    others: dict[str, str] = Field(default_factory=dict)
    document: Document | None = None
    people: list[Person]
    content: bytes = Field(default=b"", exclude=True)

    @model_validator(mode="after")
    def _rows_are_of_a_document(self) -> Self:
        rows = [person.row for person in self.people if person.row is not None]
        if len(set(rows)) != len(rows) or (rows and self.document is None):
            raise ValueError("a row is one person's, and of the script's document")
        return self

    def organisation_of(self, party: str) -> str:
        """Whose token the party has."""
        return self.others.get(party, self.organisation)

    def fingerprint(self) -> str:
        """The same for the same script with the same document."""
        return hashlib.sha256(self.model_dump_json().encode() + self.content).hexdigest()

    def in_order(self) -> Sequence[Turn]:
        """All there is to do by time; what is of one instant in the order of the script, the document first."""
        sent = [Turn(self.document.at)] if self.document else []
        moves = [Turn(move.at, move, person, n) for person in self.people for n, move in enumerate(person.moves)]
        return sorted([*sent, *moves], key=lambda turn: turn.at)


def load(path: Path) -> Script:
    """With the document beside it. Raises `ScriptWrong`, naming the place."""
    try:
        script = Script.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ScriptWrong(f"Give the script's file; {path.name} cannot be read.") from error
    except (ValidationError, yaml.YAMLError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": ("yaml",), "msg": "not YAML"}
        place = ".".join(str(part) for part in first["loc"])
        raise ScriptWrong(f"Correct {path.name} at {place}: {first['msg']}.") from error
    if script.document is None:
        return script
    try:
        return script.model_copy(update={"content": (path.parent / script.document.file).read_bytes()})
    except OSError as error:
        raise ScriptWrong(f"Put {script.document.file} beside {path.name}; it cannot be read.") from error

"""The script of a demo: who is referred, and what each party does when. Times are local to Stockholm."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared.calendar import STOCKHOLM
from shared.errors import Invalid


class ScriptWrong(Invalid):
    """The demo's script cannot be read."""


def _local(at: datetime) -> datetime:
    return at.replace(tzinfo=STOCKHOLM).astimezone(UTC) if at.tzinfo is None else at.astimezone(UTC)


Local = Annotated[datetime, AfterValidator(_local)]


class Do(StrEnum):
    """What a party can do, as the routes name it."""

    REFER = "refer"
    WITHDRAW = "withdraw"
    RETURN = "return"
    ANSWER = "answer"
    BOOK = "book"
    HOLD = "hold"
    MISS = "miss"
    CANCEL = "cancel"
    DECLINE = "decline"
    COMPLETE = "complete"
    START = "start"


ROUTES: dict[Do, tuple[str, str]] = {
    Do.REFER: ("referral", "/referrals"),
    Do.WITHDRAW: ("referral", "/referrals/{referral}/withdrawals"),
    Do.RETURN: ("referral", "/cases/{case}/returns"),
    Do.ANSWER: ("referral", "/answers/{play}/replies"),
    Do.BOOK: ("booking", "/meetings/{play}/bookings"),
    Do.HOLD: ("booking", "/meetings/{play}/holdings"),
    Do.MISS: ("booking", "/meetings/{play}/absences"),
    Do.CANCEL: ("booking", "/meetings/{play}/cancellations"),
    Do.DECLINE: ("booking", "/meetings/{play}/refusals"),
    Do.COMPLETE: ("assessment", "/assessments/{play}/completions"),
    Do.START: ("assessment", "/activities/{play}/starts"),
}


class Move(BaseModel):
    """One move of one party. `asking` counts how often the task has been asked; `body` is what the route takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Local
    by: str
    do: Do
    task: str = ""
    asking: int = 1
    starts: Local | None = None
    ends: Local | None = None
    body: dict[str, Any] = Field(default_factory=dict)

    def said(self) -> dict[str, Any]:
        """The body of the request."""
        times = {"starts": self.starts, "ends": self.ends}
        return self.body | {name: at.isoformat() for name, at in times.items() if at is not None}


class Person(BaseModel):
    """One person of the script, under a pseudonym: the name never leaves the referral."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pseudonym: str
    story: str
    person: dict[str, Any]
    moves: list[Move]


class Script(BaseModel):
    """A whole demo."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organisation: str
    begins: Local
    referral: dict[str, Any]
    people: list[Person]

    def in_order(self) -> list[tuple[Move, Person, int]]:
        """All moves by time; those of one instant in the order of the script. The number is the person's own."""
        moves = [(move, person, n) for person in self.people for n, move in enumerate(person.moves)]
        return sorted(moves, key=lambda each: each[0].at)


def load(path: Path) -> Script:
    """Raises `ScriptWrong`, naming the place."""
    try:
        return Script.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ScriptWrong(f"Give the script's file; {path.name} cannot be read.") from error
    except (ValidationError, yaml.YAMLError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": ("yaml",), "msg": "not YAML"}
        place = ".".join(str(part) for part in first["loc"])
        raise ScriptWrong(f"Correct {path.name} at {place}: {first['msg']}.") from error

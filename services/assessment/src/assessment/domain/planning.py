"""What a plan says, in codes: who does what, when, how many hours a week. Its words stay with those who wrote it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from shared.errors import Invalid
from shared.tasks import PARTICIPANT

from .signing import Signature

Code = Annotated[str, Field(pattern=r"^([a-z_-]|[0-9]{1,5}([a-z_-]|$)){1,60}$")]
"""A word of the area's, never free text: no run of digits is long enough to name a person."""
CLOSED = ConfigDict(
    frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, hide_input_in_errors=True
)

DAY, FOREVER = timedelta(days=1), date.max
"""Whoever writes the last day of all means until further notice."""


class StepsWrong(Invalid):
    """A step of the plan cannot be."""


class HoursNotFilled(Invalid):
    """The plan does not fill the week that it must fill."""


class Counts(StrEnum):
    """How a step's hours count towards those of the week. Studies in Swedish for immigrants count half."""

    FULL = "full"
    HALF = "half"


class Step(BaseModel):
    """One thing that the plan prescribes. `ends` is its last day; left out, it goes on."""

    model_config = CLOSED

    activity: Code
    party: Code
    starts: date
    ends: date | None = None
    weekly_hours: Annotated[int, Field(ge=0, le=80)]
    counts: Counts = Counts.FULL

    def runs(self, day: date) -> bool:
        return self.starts <= day and (self.ends is None or day <= self.ends)


class Revision(BaseModel):
    """One version of a plan, counted from 1, with the signatures that it has."""

    model_config = CLOSED

    number: int
    by: str
    at: datetime
    steps: tuple[Step, ...]
    findings: dict[str, str]
    outcome: str | None
    signatures: tuple[Signature, ...] = ()

    def stored(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


def require_steps(steps: Sequence[Step], parties: Sequence[str]) -> None:
    """Raises `StepsWrong` for one that ends before it starts, or is for somebody who takes no part."""
    if any(step.ends is not None and step.ends < step.starts for step in steps):
        raise StepsWrong("Let each end on the day it starts, or later.")
    if not {step.party for step in steps} <= {*parties, PARTICIPANT}:
        raise StepsWrong(f"Each is for one of: {PARTICIPANT}, {', '.join(parties)}.")


def require_hours(steps: Sequence[Step], hours: int | None) -> None:
    """Raises `HoursNotFilled` if there is a day, from the first step's start to the last one's end, with fewer."""
    if hours is None:
        return
    thinnest = min(_hours(steps), default=0)
    if thinnest < hours:
        raise HoursNotFilled("Fill it with further steps.", hours=hours, thinnest=f"{thinnest:g}")


def _hours(steps: Sequence[Step]) -> Iterator[float]:
    """The hours a week on every day on which they change, until everything has ended."""
    changes = {step.starts for step in steps} | {step.ends + DAY for step in steps if step.ends and step.ends < FOREVER}
    last = max((step.ends or date.max for step in steps), default=date.min)
    worth: Mapping[Counts, float] = {Counts.FULL: 1, Counts.HALF: 0.5}
    for day in sorted(each for each in changes if each <= last):
        yield sum(step.weekly_hours * worth[step.counts] for step in steps if step.runs(day))

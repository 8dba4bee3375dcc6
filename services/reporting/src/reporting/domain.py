"""What reporting makes of events. Each row can be made again from them, in whatever order they come."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.entity import Entity
from shared.errors import Refused
from shared.ids import uuid7
from shared.tables import NAMING, Instant, Organisations


class State(StrEnum):
    """What became of a deadline."""

    HELD = "held"
    MISSED = "missed"


class OtherHome(Refused):
    """The case has another home, and only home tells how it goes."""


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Reporting's tables."""


class Heard(Entity):
    """What is shown to those who might have heard it: the event's audience."""

    audience: frozenset[str] = Field(sa_type=Organisations)


class CaseSummary(Entity, Table, table=True):
    """A case, as far as it is known. Its id is the case's; the parties that may see it have a part in it."""

    pathway: str | None = None
    pathway_version: int | None = None
    opened_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    ending: str | None = None

    def opened(self, pathway: str, version: int, at: datetime) -> None:
        self.pathway, self.pathway_version, self.opened_at = pathway, version, at
        self.changed(at)

    def closed(self, ending: str, at: datetime) -> None:
        self.ending, self.closed_at = ending, at
        self.changed(at)


class Entry(Heard, Table, table=True):
    """One event in the timeline of a case. `time`: when it happened; `recorded`: when it was learnt here."""

    type: str
    source: str
    time: datetime = Field(sa_type=Instant)
    recorded: datetime = Field(sa_type=Instant)
    moment: str
    task: str | None = None
    round: int | None = None
    play: UUID | None = None
    outcome: str | None = None
    reason: str | None = None
    reach: str | None = None


class Deadline(Heard, Table, table=True):
    """One deadline: what of which asking, due when, and whether it held."""

    listed: UUID = Field(default_factory=uuid7, index=True)
    task: str
    round: int
    play: UUID
    reach: str
    owner: str | None = None
    due: datetime = Field(sa_type=Instant)
    state: str = State.MISSED
    at: datetime = Field(sa_type=Instant)
    learnt_late: bool = False

    def held(self, at: datetime, *, learnt_late: bool, audience: frozenset[str]) -> None:
        """It was met at `at`. This is the last word, also where it was called missed before, or is afterwards.

        From then on it is there for those who may hear that.
        """
        self.state, self.at, self.learnt_late, self.audience = State.HELD, at, learnt_late, audience
        self.changed(at)


def deadline_id(case: UUID, play: UUID, reach: str) -> UUID:
    """A deadline is known by its case, its asking and what must be reached."""
    return uuid5(case, f"due/{play}/{reach}")

"""The rules of a meeting. No session, no clock, no network: call it from a test as it is."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import JSON, Column, MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.entity import Asked
from shared.errors import Invalid
from shared.tables import NAMING, Instant
from shared.tasks import HeardRequest

from .events import MeetingBooked, MeetingCancelled, MeetingDeclined, MeetingHeld, MeetingMissed, Reason

LONGEST = timedelta(hours=12)


class Status(StrEnum):
    """Where a meeting is."""

    REQUESTED = "requested"
    BOOKED = "booked"
    HELD = "held"
    MISSED = "missed"
    CANCELLED = "cancelled"
    DECLINED = "declined"


class TimesWrong(Invalid):
    """A meeting ends after it begins, and within twelve hours."""


class BookedInThePast(Invalid):
    """A meeting is booked before it begins."""


class NotYet(Invalid):
    """A meeting cannot have been held or missed before it begins."""


class OutcomeUnknown(Invalid):
    """The outcome is not one of those this meeting can have."""


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Booking's tables."""


class Meeting(Asked, Table, table=True):
    """One asking for a meeting, from request to end. Asked again, it is another meeting."""

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        Status.REQUESTED: frozenset({Status.BOOKED, Status.CANCELLED, Status.DECLINED}),
        Status.BOOKED: frozenset({Status.BOOKED, Status.HELD, Status.MISSED, Status.CANCELLED}),
    }

    status: str = Status.REQUESTED
    outcomes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    person_id: UUID
    starts: datetime | None = Field(default=None, sa_type=Instant)
    ends: datetime | None = Field(default=None, sa_type=Instant)
    sequence: int = 0

    @classmethod
    def requested(cls, request: HeardRequest, at: datetime) -> "Meeting":
        return cls(
            id=request.play,
            case_id=request.case_id,
            home=request.home,
            task=request.task,
            round=request.round,
            kind=request.kind,
            outcomes=request.outcomes,
            person_id=request.person_id,
            opened_at=request.time,
            changed_at=at,
        )

    def book(self, *, starts: datetime, ends: datetime, at: datetime) -> MeetingBooked:
        """Sets or moves the time. Raises `TimesWrong`, `BookedInThePast`, `MoveNotAllowed`."""
        if not timedelta() < ends - starts <= LONGEST:
            raise TimesWrong("Correct starts and ends.")
        if starts < at:
            raise BookedInThePast("Give a time to come.")
        self.sequence += self.status == Status.BOOKED
        self.move(Status.BOOKED, at)
        self.starts, self.ends = starts.astimezone(UTC), ends.astimezone(UTC)
        return self.fact(MeetingBooked, at, starts=self.starts, ends=self.ends)

    def hold(self, outcome: str | None, at: datetime) -> MeetingHeld:
        """Raises `NotYet`, `OutcomeUnknown`, `MoveNotAllowed`."""
        outcome = outcome or (self.outcomes[0] if len(self.outcomes) == 1 else None)
        if outcome not in self.outcomes:
            raise OutcomeUnknown(f"It can be: {', '.join(self.outcomes)}.")
        self._begun(at)
        self.move(Status.HELD, at)
        return self.fact(MeetingHeld, at, outcome=outcome)

    def miss(self, at: datetime) -> MeetingMissed:
        """Raises `NotYet`, `MoveNotAllowed`."""
        self._begun(at)
        self.move(Status.MISSED, at)
        return self.fact(MeetingMissed, at)

    def cancel(self, reason: Reason, at: datetime) -> MeetingCancelled:
        """Raises `MoveNotAllowed`."""
        self.sequence += 1
        self.move(Status.CANCELLED, at)
        return self.fact(MeetingCancelled, at, reason=reason)

    def decline(self, reason: Reason, at: datetime) -> MeetingDeclined:
        """Raises `MoveNotAllowed`."""
        self.move(Status.DECLINED, at)
        return self.fact(MeetingDeclined, at, reason=reason)

    @property
    def open(self) -> bool:
        return self.status in (Status.REQUESTED, Status.BOOKED)

    def _begun(self, at: datetime) -> None:
        if self.starts is not None and at < self.starts:
            raise NotYet("Tell it when it has begun.")


def uid_of(meeting: UUID) -> str:
    """The stable UID of its calendar entry (RFC 5545)."""
    return f"{meeting}@samspar"

"""The rules of a meeting: its time, how it ended, and whether it has the interpreter that it needs."""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field

from booking import events
from booking.events import MeetingBooked, MeetingCancelled, MeetingDeclined, MeetingHeld, MeetingMissed, Reason
from shared.calendar import STOCKHOLM, Span, add, before
from shared.entity import Asked
from shared.errors import Invalid, Refused
from shared.tables import Instant
from shared.tasks import HeardRequest, TaskFact

from .arrangements import Arrangement
from .tables import NotYet, Table, outcome_of

LONGEST = timedelta(hours=12)
MORNING, NIGHT = time(6), time(22)


class Status(StrEnum):
    """Where a meeting is."""

    REQUESTED = "requested"
    BOOKED = "booked"
    HELD = "held"
    MISSED = "missed"
    CANCELLED = "cancelled"
    DECLINED = "declined"


class Interpreter(StrEnum):
    """Whether the meeting has the interpreter it needs. `unavailable`: no provider is left."""

    NONE = "none"
    ORDERED = "ordered"
    CONFIRMED = "confirmed"
    UNAVAILABLE = "unavailable"


TELLS: dict[Interpreter, type[TaskFact]] = {
    Interpreter.NONE: events.InterpreterReleased,
    Interpreter.ORDERED: events.InterpreterOrdered,
    Interpreter.CONFIRMED: events.InterpreterConfirmed,
    Interpreter.UNAVAILABLE: events.InterpreterDeclined,
}


class TimesWrong(Invalid):
    """A meeting ends after it begins, and within twelve hours."""


class AtNight(Invalid):
    """A meeting is held between six in the morning and ten at night, Swedish time."""


class BookedInThePast(Invalid):
    """A meeting is booked before it begins."""


class HasBegun(Refused):
    """A meeting is called off before it begins."""


class NoTimeYet(Refused):
    """An interpreter is ordered for a meeting that is booked and has not begun."""


class OrderedAlready(Refused):
    """An interpreter is ordered already."""


class NothingOrdered(Refused):
    """No interpreter is ordered."""


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
    interpreters: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    interpreter: str = Interpreter.NONE
    unready: bool = False

    @classmethod
    def requested(cls, request: HeardRequest, at: datetime, *, interpreters: Arrangement) -> "Meeting":
        return cls(
            id=request.play,
            case_id=request.case_id,
            home=request.home,
            task=request.task,
            round=request.round,
            kind=request.kind,
            outcomes=request.outcomes,
            person_id=request.person_id,
            interpreters=interpreters.model_dump(),
            opened_at=request.time,
            changed_at=at,
        )

    def book(self, *, starts: datetime, ends: datetime, at: datetime) -> MeetingBooked:
        """Sets or moves the time. Raises `TimesWrong`, `AtNight`, `BookedInThePast`, `MoveNotAllowed`."""
        if not timedelta() < ends - starts <= LONGEST:
            raise TimesWrong("Correct starts and ends.")
        if not _by_day(starts, ends):
            raise AtNight("Check the hour and its time zone.")
        if starts < at:
            raise BookedInThePast("Give a time to come.")
        self.sequence += self.status == Status.BOOKED
        self.move(Status.BOOKED, at)
        self.unready = self.unready and self.starts == starts
        self.starts, self.ends = starts.astimezone(UTC), ends.astimezone(UTC)
        return self.fact(MeetingBooked, at, starts=self.starts, ends=self.ends)

    def hold(self, outcome: str | None, at: datetime) -> MeetingHeld:
        """Raises `NotYet`, `OutcomeUnknown`, `MoveNotAllowed`."""
        outcome = outcome_of(outcome, self.outcomes)
        self._begun(at)
        self.move(Status.HELD, at)
        return self.fact(MeetingHeld, at, outcome=outcome)

    def miss(self, at: datetime) -> MeetingMissed:
        """Raises `NotYet`, `MoveNotAllowed`."""
        self._begun(at)
        self.move(Status.MISSED, at)
        return self.fact(MeetingMissed, at)

    def cancel(self, reason: Reason, at: datetime) -> MeetingCancelled:
        """Raises `HasBegun`, `MoveNotAllowed`. Home takes back also what has begun and nobody told of."""
        if reason is not Reason.RECALLED and self.starts is not None and at >= self.starts:
            raise HasBegun("Tell that it was held, or missed.")
        self.sequence += 1
        self.move(Status.CANCELLED, at)
        return self.fact(MeetingCancelled, at, reason=reason)

    def decline(self, reason: Reason, at: datetime) -> MeetingDeclined:
        """Raises `MoveNotAllowed`."""
        self.move(Status.DECLINED, at)
        return self.fact(MeetingDeclined, at, reason=reason)

    def order_interpreter(self, party: str, at: datetime) -> TaskFact:
        """Raises `NobodyOrders`, `NotYourOrder`, `NoTimeYet`, `OrderedAlready`."""
        self.arrangement.require_orderer(party)
        if self.status != Status.BOOKED or self.starts is None or self.starts <= at:
            raise NoTimeYet("Book a time to come first.")
        if self.interpreter in (Interpreter.ORDERED, Interpreter.CONFIRMED):
            raise OrderedAlready("Release that one before you order another.")
        return self.interpreter_becomes(Interpreter.ORDERED, at)

    def interpreter_becomes(self, state: Interpreter, at: datetime) -> TaskFact:
        """What home and the timelines hear: that one is needed, and how it stands."""
        self.interpreter = state
        self.unready = self.unready and state != Interpreter.CONFIRMED
        self.changed(at)
        return self.fact(TELLS[state], at)

    def lack(self, at: datetime) -> events.MeetingUnready | None:
        """The lead time has come. Told once for each time that is booked, while no interpreter is confirmed."""
        waiting = self.interpreter in (Interpreter.ORDERED, Interpreter.UNAVAILABLE)
        if self.status != Status.BOOKED or not waiting or self.unready:
            return None
        self.unready = True
        self.changed(at)
        return self.fact(events.MeetingUnready, at, reason=Reason.NO_INTERPRETER)

    @property
    def arrangement(self) -> Arrangement:
        return Arrangement.model_validate(self.interpreters)

    def answer_by(self, at: datetime) -> datetime:
        """By when a provider that is asked at `at` has to answer: at the latest when the meeting begins."""
        assert self.starts is not None
        return min(add(at, Span.parse(self.arrangement.answer_within)), self.starts)

    @property
    def confirmed_by(self) -> datetime | None:
        """By when an interpreter is to be confirmed, if the area says so."""
        lead = self.arrangement.lead
        return before(self.starts, Span.parse(lead)) if lead and self.starts is not None else None

    @property
    def open(self) -> bool:
        return self.status in (Status.REQUESTED, Status.BOOKED)

    def _begun(self, at: datetime) -> None:
        if self.starts is not None and at < self.starts:
            raise NotYet("Tell it when it has begun.")


def _by_day(starts: datetime, ends: datetime) -> bool:
    first, last = starts.astimezone(STOCKHOLM), ends.astimezone(STOCKHOLM)
    return first.date() == last.date() and first.time() >= MORNING and last.time() <= NIGHT


def uid_of(meeting: UUID) -> str:
    """The stable UID of its calendar entry (RFC 5545)."""
    return f"{meeting}@samspar"

"""The rules of an activity (insats): chosen, started, extended, changed, ended. What has begun is ended by people."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field

from assessment.events import ActivityChanged, ActivityEnded, ActivityExtended, ActivityStarted
from shared.calendar import Span, add
from shared.entity import Asked
from shared.errors import Invalid, Refused
from shared.tables import Instant
from shared.tasks import HeardRequest

from .tables import Table, TooEarly, outcome_of, since_asked


class Status(StrEnum):
    """Where an activity is."""

    REQUESTED = "requested"
    STARTED = "started"
    ENDED = "ended"
    RECALLED = "recalled"


class NotRunning(Refused):
    """Only an activity that has started and not ended can be changed."""


class NotOffered(Invalid):
    """The activity is not one of those offered."""


class NothingNew(Refused):
    """It is that activity already."""


class NotLonger(Invalid):
    """An extension ends later than was planned, and later than now."""


class Activity(Asked, Table, table=True):
    """One asking for an activity, from request to end. It outlives a recall, a turn and the case, once it has begun."""

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        Status.REQUESTED: frozenset({Status.STARTED, Status.RECALLED}),
        Status.STARTED: frozenset({Status.ENDED}),
    }

    status: str = Status.REQUESTED
    person_id: UUID
    outcomes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    choose_from: list[str] = Field(sa_column=Column(JSON, nullable=False))
    package: str | None = None
    lasts: str | None = None
    activity: str | None = None
    started_at: datetime | None = Field(default=None, sa_type=Instant)
    planned_end: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str | None = None

    @classmethod
    def requested(
        cls, request: HeardRequest, at: datetime, *, choose_from: Sequence[str], package: str | None, lasts: str | None
    ) -> "Activity":
        return cls(
            id=request.play,
            case_id=request.case_id,
            home=request.home,
            task=request.task,
            round=request.round,
            kind=request.kind,
            person_id=request.person_id,
            outcomes=[word for word in request.outcomes if word != Status.STARTED],
            choose_from=list(choose_from),
            package=package,
            lasts=lasts,
            opened_at=request.time,
            changed_at=at,
        )

    @property
    def begun(self) -> bool:
        return self.status != Status.REQUESTED

    def start(self, activity: str | None, at: datetime) -> ActivityStarted:
        """Its planned end is `lasts` after the start. Raises `NotOffered`, `TooEarly`, `MoveNotAllowed`."""
        activity = self._offered(activity)
        at = since_asked(self, at)
        self.move(Status.STARTED, at)
        self.activity, self.started_at = activity, at
        self.planned_end = add(at, Span.parse(self.lasts)) if self.lasts else None
        return self.fact(ActivityStarted, at, activity=activity, planned_end=self.planned_end)

    def extend(self, until: datetime, at: datetime) -> ActivityExtended:
        """Until a later instant. Raises `NotRunning`, `NotLonger`, `TooEarly`."""
        at = self._running(at)
        if until <= max(at, self.planned_end or at):
            raise NotLonger("Give a later time.")
        self.planned_end = until.astimezone(UTC)
        self.changed(at)
        return self.fact(ActivityExtended, at, planned_end=self.planned_end)

    def change(self, activity: str, at: datetime) -> ActivityChanged:
        """To another of those offered. Raises `NotRunning`, `NotOffered`, `NothingNew`, `TooEarly`."""
        at = self._running(at)
        if self._offered(activity) == self.activity:
            raise NothingNew("There is nothing to do.")
        self.activity = activity
        self.changed(at)
        return self.fact(ActivityChanged, at, activity=activity)

    def end(self, outcome: str | None, at: datetime) -> ActivityEnded:
        """With one of its outcomes; that it started is none. Raises `OutcomeUnknown`, `TooEarly`, `MoveNotAllowed`."""
        outcome = outcome_of(outcome, self.outcomes)
        if self.status == Status.STARTED:
            at = self._running(at)
        self.move(Status.ENDED, at)
        self.outcome = outcome
        return self.fact(ActivityEnded, at, outcome=outcome)

    def recall(self, at: datetime) -> None:
        """Home takes it back: for what has not begun, and nobody need be told. Raises `MoveNotAllowed`."""
        self.move(Status.RECALLED, at)

    def _offered(self, activity: str | None) -> str | None:
        if activity is None and len(self.choose_from) < 2:
            return self.choose_from[0] if self.choose_from else None
        if activity not in self.choose_from:
            raise NotOffered(f"Choose from: {', '.join(self.choose_from) or 'nothing; leave it out'}.")
        return activity

    def _running(self, at: datetime) -> datetime:
        """`at`, which lies after the start."""
        if self.status != Status.STARTED or self.started_at is None:
            raise NotRunning(f"It is {self.status}.", status_now=self.status)
        if at < self.started_at:
            raise TooEarly("Give a time after it started.")
        return at

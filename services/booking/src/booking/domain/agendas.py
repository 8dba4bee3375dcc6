"""The rules of a standing group's agenda: a case is put on it, decided, or carried over to the next sitting."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import JSON, Column
from sqlmodel import Field

from booking.events import AgendaCarriedOver, AgendaDecided, AgendaListed
from shared.calendar import STOCKHOLM
from shared.entity import Asked
from shared.errors import Invalid
from shared.tasks import HeardRequest

from .tables import NotYet, Table, outcome_of

Group = Annotated[str, StringConstraints(pattern=r"^([a-z_/-]|[0-9]{1,5}([a-z_/-]|$)){1,100}$")]
"""The area's name of a standing group, as `somewhere/adults-weekly`; nobody's number fits."""


class Status(StrEnum):
    """Where an item is."""

    REQUESTED = "requested"
    LISTED = "listed"
    CARRIED_OVER = "carried_over"
    DECIDED = "decided"
    RECALLED = "recalled"


class SittingOver(Invalid):
    """An item is put on the agenda of a sitting to come."""


class NotLater(Invalid):
    """An item is carried over to a later sitting."""


class AgendaItem(Asked, Table, table=True):
    """One asking for a case to be taken up by a standing group. Asked again, it is another item."""

    __tablename__: ClassVar[Any] = "agenda_item"

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        Status.REQUESTED: frozenset({Status.LISTED, Status.RECALLED}),
        Status.LISTED: frozenset({Status.DECIDED, Status.CARRIED_OVER, Status.RECALLED}),
        Status.CARRIED_OVER: frozenset({Status.DECIDED, Status.CARRIED_OVER, Status.RECALLED}),
    }

    status: str = Status.REQUESTED
    group: str = Field(index=True)
    every: str | None = None
    outcomes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    person_id: UUID
    sitting: date | None = None
    outcome: str | None = None

    @classmethod
    def requested(cls, request: HeardRequest, at: datetime, *, group: str, every: str | None) -> "AgendaItem":
        return cls(
            id=request.play,
            case_id=request.case_id,
            home=request.home,
            task=request.task,
            round=request.round,
            kind=request.kind,
            group=group,
            every=every,
            outcomes=request.outcomes,
            person_id=request.person_id,
            opened_at=request.time,
            changed_at=at,
        )

    @property
    def open(self) -> bool:
        return self.status not in (Status.DECIDED, Status.RECALLED)

    def list(self, sitting: date, at: datetime) -> AgendaListed:
        """Raises `SittingOver`, `MoveNotAllowed`."""
        self._to_come(sitting, at)
        self.move(Status.LISTED, at)
        self.sitting = sitting
        return self.fact(AgendaListed, at, group=self.group, sitting=sitting)

    def carry_over(self, sitting: date, at: datetime) -> AgendaCarriedOver:
        """Raises `SittingOver`, `NotLater`, `MoveNotAllowed`."""
        self._to_come(sitting, at)
        if self.sitting is not None and sitting <= self.sitting:
            raise NotLater("Give the day of a later sitting.")
        self.move(Status.CARRIED_OVER, at)
        self.sitting = sitting
        return self.fact(AgendaCarriedOver, at, group=self.group, sitting=sitting)

    def decide(self, outcome: str | None, at: datetime) -> AgendaDecided:
        """Raises `OutcomeUnknown`, `NotYet`, `MoveNotAllowed`."""
        outcome = outcome_of(outcome, self.outcomes)
        if self.sitting is not None and _day(at) < self.sitting:
            raise NotYet("Tell it on the day of the sitting, or after.")
        self.move(Status.DECIDED, at)
        self.outcome = outcome
        return self.fact(AgendaDecided, at, group=self.group, outcome=outcome)

    def recall(self, at: datetime) -> None:
        """Home takes it back. Raises `MoveNotAllowed`."""
        self.move(Status.RECALLED, at)

    def _to_come(self, sitting: date, at: datetime) -> None:
        if sitting < _day(at):
            raise SittingOver("Give today or a later day.")


def _day(at: datetime) -> date:
    return at.astimezone(STOCKHOLM).date()

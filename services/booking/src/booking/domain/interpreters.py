"""The rules of an order for an interpreter: one asking of one provider, which learns nothing of the meeting."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field

from shared.entity import Entity, MoveNotAllowed
from shared.errors import Invalid, Refused
from shared.ids import uuid7
from shared.tables import Instant
from shared.tasks import Participant

from .meetings import Meeting
from .requirements import Requirements
from .tables import Table


class Status(StrEnum):
    """Where an order is."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    RELEASED = "released"
    USED = "used"


class Refusal(StrEnum):
    """Why a provider sends nobody. `interpreter_fell_away`: one had been confirmed."""

    NOBODY_FREE = "nobody_free"
    SHORT_NOTICE = "short_notice"
    LANGUAGE_NOT_OFFERED = "language_not_offered"
    REQUIREMENTS_NOT_MET = "requirements_not_met"
    INTERPRETER_FELL_AWAY = "interpreter_fell_away"


class InterpreterBlocked(Invalid):
    """This interpreter is not to be sent."""


class AnsweredTooLate(Refused):
    """The time for an answer is over, and another provider may have been asked."""


class Order(Entity, Table, table=True):
    """One asking of one provider for one time. Another provider, or another time, is another order.

    `turn` is the provider's place in the area's list, from 0. `answer_by`: from then on the next is asked.
    """

    __tablename__: ClassVar[Any] = "interpreter_order"

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        Status.ASKED: frozenset({Status.CONFIRMED, Status.REFUSED, Status.UNANSWERED, Status.RELEASED}),
        Status.CONFIRMED: frozenset({Status.REFUSED, Status.RELEASED, Status.USED}),
    }

    meeting_id: UUID = Field(index=True)
    turn: int
    organisation: str
    party: str
    status: str = Status.ASKED
    requirements: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    starts: datetime = Field(sa_type=Instant)  # pyright: ignore[reportArgumentType] -- sqlmodel types sa_type as type[Any]
    ends: datetime = Field(sa_type=Instant)  # pyright: ignore[reportArgumentType] -- as above
    asked_at: datetime = Field(sa_type=Instant)  # pyright: ignore[reportArgumentType] -- as above
    answer_by: datetime = Field(sa_type=Instant)  # pyright: ignore[reportArgumentType] -- as above
    interpreter: str | None = None
    reason: str | None = None

    @classmethod
    def asked(
        cls, meeting: Meeting, provider: Participant, requirements: dict[str, Any], *, turn: int, at: datetime
    ) -> "Order":
        """For the time that is booked; its id says nothing of the meeting's."""
        assert meeting.starts is not None
        assert meeting.ends is not None
        return cls(
            id=uuid7(),
            case_id=meeting.case_id,
            home=meeting.home,
            meeting_id=meeting.id,
            turn=turn,
            organisation=provider.organisation,
            party=provider.party,
            requirements=requirements,
            starts=meeting.starts,
            ends=meeting.ends,
            asked_at=at,
            answer_by=meeting.answer_by(at),
            changed_at=at,
        )

    @property
    def live(self) -> bool:
        """Whether the provider still counts with it."""
        return self.status in (Status.ASKED, Status.CONFIRMED)

    def confirm(self, interpreter: str, at: datetime) -> None:
        """Raises `AnsweredTooLate`, `InterpreterBlocked`, `MoveNotAllowed`."""
        if self.status == Status.ASKED and at > self.answer_by:
            raise AnsweredTooLate("Wait until you are asked again.")
        if interpreter in Requirements.model_validate(self.requirements).blocked:
            raise InterpreterBlocked("Choose another.")
        self._move(Status.CONFIRMED, at)
        self.interpreter = interpreter

    def refuse(self, reason: Refusal, at: datetime) -> None:
        """Also after it was confirmed: interpreters fall ill. Raises `MoveNotAllowed`."""
        self._move(Status.REFUSED, at)
        self.reason = reason

    def lapse(self, at: datetime) -> None:
        """Nobody has answered in time."""
        self._move(Status.UNANSWERED, at)

    def release(self, at: datetime) -> None:
        """The interpreter is not needed then."""
        self._move(Status.RELEASED, at)

    def use(self, at: datetime) -> None:
        """The interpreter was there."""
        self._move(Status.USED, at)

    def _move(self, to: Status, at: datetime) -> None:
        allowed = self.MOVES.get(self.status, frozenset())
        if to not in allowed:
            raise MoveNotAllowed(
                f"From {self.status} it can become: {', '.join(sorted(allowed)) or 'nothing more'}.",
                status_now=self.status,
                asked_for=to,
            )
        self.status = to
        self.changed(at)

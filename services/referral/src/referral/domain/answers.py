"""An answer that home asked a party for."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import JSON, Column
from sqlmodel import Field

from referral.events import AnswerGiven
from shared.entity import Asked
from shared.errors import Invalid
from shared.tasks import HeardRequest

from .table import Table

SKEW = timedelta(seconds=30)


class AnswerUnknown(Invalid):
    """The answer is not one of those asked for."""


class TooEarly(Invalid):
    """An answer cannot have been given before it was asked for."""


class AnswerStatus(StrEnum):
    """Where an answer is."""

    REQUESTED = "requested"
    GIVEN = "given"
    RECALLED = "recalled"


class Answer(Asked, Table, table=True):
    """One question with a closed set of answers."""

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        AnswerStatus.REQUESTED: frozenset({AnswerStatus.GIVEN, AnswerStatus.RECALLED})
    }

    status: str = AnswerStatus.REQUESTED
    party: str
    outcomes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    outcome: str | None = None

    @classmethod
    def requested(cls, asked: HeardRequest, at: datetime) -> "Answer":
        return cls(
            id=asked.play,
            case_id=asked.case_id,
            home=asked.home,
            task=asked.task,
            round=asked.round,
            kind=asked.kind,
            party=asked.party,
            outcomes=asked.outcomes,
            opened_at=asked.time,
            changed_at=at,
        )

    def give(self, outcome: str, at: datetime) -> AnswerGiven:
        """Raises `AnswerUnknown`, `TooEarly` (two organisations' clocks may differ by 30 s), `MoveNotAllowed`."""
        if outcome not in self.outcomes:
            raise AnswerUnknown(f"It can be: {', '.join(self.outcomes)}.")
        if at < self.opened_at - SKEW:
            raise TooEarly("Give a time after it was asked for.")
        at = max(at, self.opened_at)
        self.move(AnswerStatus.GIVEN, at)
        self.outcome = outcome
        return self.fact(AnswerGiven, at, outcome=outcome, party=self.party)

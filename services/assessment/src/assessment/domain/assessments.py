"""The rules of an assessment: who contributes, what it must find, when it may be completed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field

from assessment.events import AssessmentCompleted, AssessmentContributed, AssessmentOpened
from shared.entity import Asked
from shared.tasks import HeardRequest

from .contributing import asked_of, contribution, contributors, missing
from .tables import Table, findings_of, outcome_of, since_asked


class Status(StrEnum):
    """Where an assessment is."""

    REQUESTED = "requested"
    OPENED = "opened"
    COMPLETED = "completed"
    RECALLED = "recalled"


class Assessment(Asked, Table, table=True):
    """One asking for an assessment, from request to completion. Asked again, it is another one."""

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        Status.REQUESTED: frozenset({Status.OPENED, Status.RECALLED}),
        Status.OPENED: frozenset({Status.COMPLETED}),
    }

    status: str = Status.REQUESTED
    assessors: list[str] = Field(sa_column=Column(JSON, nullable=False))
    person_id: UUID
    outcomes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    finds: dict[str, list[str]] = Field(sa_column=Column(JSON, nullable=False))
    needs: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    contributed: list[str] = Field(default_factory=list[str], sa_column=Column(JSON, nullable=False))
    findings: dict[str, str] = Field(default_factory=dict[str, str], sa_column=Column(JSON, nullable=False))
    outcome: str | None = None

    @classmethod
    def requested(
        cls, request: HeardRequest, at: datetime, *, finds: Mapping[str, Sequence[str]], needs: Mapping[str, str]
    ) -> "Assessment":
        """`needs`: which parties contribute, required or optional. Raises `ContributorUnknown`."""
        return cls(
            id=request.play,
            case_id=request.case_id,
            home=request.home,
            task=request.task,
            round=request.round,
            kind=request.kind,
            assessors=[each.party for each in request.participants if each.acts],
            person_id=request.person_id,
            outcomes=request.outcomes,
            finds={name: list(values) for name, values in finds.items()},
            needs=contributors(needs, request),
            opened_at=request.time,
            changed_at=at,
        )

    @property
    def begun(self) -> bool:
        return self.status != Status.REQUESTED

    def open(self, party: str, at: datetime) -> AssessmentOpened:
        """Whoever does something first opens it. Raises `NotAsked`, `TooEarly`, `MoveNotAllowed`."""
        if party not in self.needs:
            asked_of(self.assessors, party)
        at = since_asked(self, at)
        self.move(Status.OPENED, at)
        return self.fact(AssessmentOpened, at)

    def contribute(self, party: str, at: datetime) -> AssessmentContributed:
        """Once a party. Raises `NotAsked`, `ContributedAlready`, `TooEarly`, `MoveNotAllowed`."""
        contributed = contribution(self.needs, self.contributed, party)
        if self.status != Status.OPENED:
            self.move("contributed", at)
        at = since_asked(self, at)
        self.contributed = contributed
        self.changed(at)
        return self.fact(AssessmentContributed, at, party=party)

    def complete(
        self, party: str, outcome: str | None, findings: Mapping[str, str], at: datetime
    ) -> AssessmentCompleted:
        """For those whom home asked.

        Raises `NotAsked`, `OutcomeUnknown`, `FindingsWrong`, `ContributionsMissing`, `TooEarly`, `MoveNotAllowed`.
        """
        asked_of(self.assessors, party)
        outcome, findings = outcome_of(outcome, self.outcomes), findings_of(findings, self.finds)
        missing(self.needs, self.contributed)
        at = since_asked(self, at)
        self.move(Status.COMPLETED, at)
        self.findings, self.outcome = findings, outcome
        return self.fact(AssessmentCompleted, at, outcome=outcome, findings=self.findings)

    def recall(self, at: datetime) -> None:
        """Home takes it back: for what has not begun, and nobody need be told. Raises `MoveNotAllowed`."""
        self.move(Status.RECALLED, at)

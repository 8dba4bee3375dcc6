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
from shared.errors import Fault, Invalid, Refused
from shared.tasks import HeardRequest

from .tables import Table, outcome_of, since_asked

REQUIRED = "required"


class Status(StrEnum):
    """Where an assessment is."""

    REQUESTED = "requested"
    OPENED = "opened"
    COMPLETED = "completed"
    RECALLED = "recalled"


class ContributorUnknown(Refused):
    """A party is to contribute but takes no part."""

    fault = Fault.SCHEMA


class NotAsked(Refused):
    """Your party is not asked to do this here."""

    status = 403


class ContributedAlready(Refused):
    """Your party has contributed already."""


class ContributionsMissing(Refused):
    """Somebody who must contribute has not."""


class FindingsWrong(Invalid):
    """The findings are not exactly those asked for, each with one of its values."""


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
        if not needs.keys() <= {each.party for each in request.participants}:
            raise ContributorUnknown("Name everybody who contributes among the participants.")
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
            needs=dict(needs),
            opened_at=request.time,
            changed_at=at,
        )

    @property
    def begun(self) -> bool:
        return self.status != Status.REQUESTED

    def open(self, party: str, at: datetime) -> AssessmentOpened:
        """Whoever does something first opens it. Raises `NotAsked`, `TooEarly`, `MoveNotAllowed`."""
        if party not in self.needs:
            self._assessed_by(party)
        at = since_asked(self, at)
        self.move(Status.OPENED, at)
        return self.fact(AssessmentOpened, at)

    def contribute(self, party: str, at: datetime) -> AssessmentContributed:
        """Once a party. Raises `NotAsked`, `ContributedAlready`, `TooEarly`, `MoveNotAllowed`."""
        if party not in self.needs:
            raise NotAsked("Only the parties that the request names contribute.")
        if self.status != Status.OPENED:
            self.move("contributed", at)
        if party in self.contributed:
            raise ContributedAlready("It was taken in; there is nothing to do.")
        at = since_asked(self, at)
        self.contributed = [*self.contributed, party]
        self.changed(at)
        return self.fact(AssessmentContributed, at, party=party)

    def complete(
        self, party: str, outcome: str | None, findings: Mapping[str, str], at: datetime
    ) -> AssessmentCompleted:
        """For those whom home asked.

        Raises `NotAsked`, `OutcomeUnknown`, `FindingsWrong`, `ContributionsMissing`, `TooEarly`, `MoveNotAllowed`.
        """
        self._assessed_by(party)
        outcome = outcome_of(outcome, self.outcomes)
        self._check(findings)
        if missing := self._missing():
            raise ContributionsMissing(f"Wait for: {', '.join(missing)}.")
        at = since_asked(self, at)
        self.move(Status.COMPLETED, at)
        self.findings, self.outcome = dict(findings), outcome
        return self.fact(AssessmentCompleted, at, outcome=outcome, findings=self.findings)

    def recall(self, at: datetime) -> None:
        """Home takes it back: for what has not begun, and nobody need be told. Raises `MoveNotAllowed`."""
        self.move(Status.RECALLED, at)

    def _assessed_by(self, party: str) -> None:
        if party not in self.assessors:
            raise NotAsked("Ask the party that assesses.")

    def _missing(self) -> list[str]:
        return sorted(party for party, need in self.needs.items() if need == REQUIRED and party not in self.contributed)

    def _check(self, findings: Mapping[str, str]) -> None:
        if findings.keys() != self.finds.keys() or any(findings[name] not in self.finds[name] for name in findings):
            asked = "; ".join(f"{name}: {', '.join(values)}" for name, values in self.finds.items())
            raise FindingsWrong(f"Asked for: {asked or 'nothing'}.")

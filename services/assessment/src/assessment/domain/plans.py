"""The rules of a plan: written in versions, signed by all who are to sign that very version, agreed, and revised."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import JSON, Field

from assessment.events import PlanAgreed, PlanRevised, PlanSigned
from shared.entity import Asked
from shared.errors import Refused
from shared.tasks import HeardRequest

from .contributing import asked_of, contribution, contributors, missing
from .planning import Revision, Step, require_hours, require_steps
from .signing import Manner, Signature, SignaturesMissing, SignedAlready, signer_of, signers, unsigned
from .tables import Table, TooEarly, findings_of, outcome_of, since_asked


class Status(StrEnum):
    """Where a plan is. It begins with the first signature; until then home may take it back."""

    REQUESTED = "requested"
    SIGNING = "signing"
    AGREED = "agreed"
    RECALLED = "recalled"


class NothingToSign(Refused):
    """Nothing is written yet."""


class OldRevision(Refused):
    """There is a newer version of the plan."""


class Plan(Asked, Table, table=True):
    """One asking for a plan. It may be revised for ever after it was agreed; asked again, it is another plan."""

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        Status.REQUESTED: frozenset({Status.SIGNING, Status.RECALLED}),
        Status.SIGNING: frozenset({Status.AGREED}),
        Status.AGREED: frozenset({Status.SIGNING}),
    }

    status: str = Status.REQUESTED
    planners: list[str] = Field(sa_type=JSON)
    parties: list[str] = Field(sa_type=JSON)
    person_id: UUID
    outcomes: list[str] = Field(sa_type=JSON)
    finds: dict[str, list[str]] = Field(sa_type=JSON)
    needs: dict[str, str] = Field(sa_type=JSON)
    contributed: list[str] = Field(default_factory=list[str], sa_type=JSON)
    signed_by: list[str] = Field(sa_type=JSON)
    hours: int | None = None
    revisions: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]], sa_type=JSON)

    @classmethod
    def requested(
        cls,
        request: HeardRequest,
        at: datetime,
        *,
        signed_by: Sequence[str],
        needs: Mapping[str, str],
        finds: Mapping[str, Sequence[str]],
        hours: int | None,
    ) -> "Plan":
        """`signed_by`: whoever was asked, if nobody is named. `hours`: those of a week that it must fill.

        Raises `SignerUnknown`, `ContributorUnknown`.
        """
        return cls(
            id=request.play,
            case_id=request.case_id,
            home=request.home,
            task=request.task,
            round=request.round,
            kind=request.kind,
            planners=[each.party for each in request.participants if each.acts],
            parties=[each.party for each in request.participants],
            person_id=request.person_id,
            outcomes=request.outcomes,
            finds={name: list(values) for name, values in finds.items()},
            needs=contributors(needs, request),
            signed_by=signers(signed_by or [request.party], request),
            hours=hours,
            opened_at=request.time,
            changed_at=at,
        )

    @property
    def begun(self) -> bool:
        return self.status != Status.REQUESTED

    @property
    def revision(self) -> Revision | None:
        """The version that counts; none before the first is written."""
        return Revision.model_validate(self.revisions[-1]) if self.revisions else None

    @property
    def all_signed(self) -> bool:
        return self.revision is not None and not unsigned(self.signed_by, self.revision.signatures)

    def contribute(self, party: str, at: datetime) -> None:
        """Once a party; home is not told. Raises `NotAsked`, `ContributedAlready`, `TooEarly`, `MoveNotAllowed`."""
        contributed = contribution(self.needs, self.contributed, party)
        self._open("contributed", at)
        at = since_asked(self, at)
        self.contributed = contributed
        self.changed(at)

    def revise(
        self, party: str, steps: Sequence[Step], findings: Mapping[str, str], outcome: str | None, at: datetime
    ) -> PlanRevised | None:
        """A new version, which nobody has signed; told where it takes the place of one that was agreed.

        Raises `NotAsked`, `StepsWrong`, `FindingsWrong`, `OutcomeUnknown`, `TooEarly`, `MoveNotAllowed`.
        """
        asked_of(self.planners, party)
        self._open("revised", at)
        require_steps(steps, self.parties)
        at, number = self._since_written(at), len(self.revisions) + 1
        new = Revision(
            number=number,
            by=party,
            at=at,
            steps=tuple(steps),
            findings=findings_of(findings, self.finds),
            outcome=outcome_of(outcome, self.outcomes),
        )
        self.revisions = [*self.revisions, new.stored()]
        if self.status != Status.AGREED:
            self.changed(at)
            return None
        self.move(Status.SIGNING, at)
        return self.fact(PlanRevised, at, version=number)

    def sign(
        self, party: str, number: int, at: datetime, *, signer: str | None = None, manner: Manner | None = None
    ) -> PlanSigned | None:
        """Of the version that counts; nothing is told where the person is of age and no guardian signs.

        Raises `NotAsked`, `MannerWrong`, `NothingToSign`, `OldRevision`, `SignedAlready`, `ContributionsMissing`,
        `HoursNotFilled`, `TooEarly`, `MoveNotAllowed`.
        """
        signer = signer_of(party, signer, manner, named=self.signed_by, asked=self.planners)
        self._open("signed", at)
        revision = self._current(number)
        if signer not in unsigned(self.signed_by, revision.signatures):
            raise SignedAlready("There is nothing to do.")
        missing(self.needs, self.contributed)
        require_hours(revision.steps, self.hours)
        at = self._since_written(at)
        signature = Signature(signer=signer, by=party, manner=manner, at=at)
        signed = revision.model_copy(update={"signatures": (*revision.signatures, signature)})
        self.revisions = [*self.revisions[:-1], signed.stored()]
        if signature.waived:
            self.changed(at)
            return None
        if self.status == Status.REQUESTED:
            self.move(Status.SIGNING, at)
        else:
            self.changed(at)
        return self.fact(PlanSigned, at, party=signer, version=number)

    def agree(self) -> PlanAgreed:
        """All have signed; it is agreed when the last one did. Raises `SignaturesMissing`, `MoveNotAllowed`."""
        revision = self.revision
        if revision is None or not self.all_signed:
            raise SignaturesMissing("Wait for the others.")
        at = max(each.at for each in revision.signatures)
        self.move(Status.AGREED, at)
        return self.fact(PlanAgreed, at, outcome=revision.outcome, version=revision.number, findings=revision.findings)

    def recall(self, at: datetime) -> None:
        """Home takes it back: for what has not begun, and nobody need be told. Raises `MoveNotAllowed`."""
        self.move(Status.RECALLED, at)

    def _open(self, what: str, at: datetime) -> None:
        """Raises `MoveNotAllowed` for what was taken back."""
        if self.status == Status.RECALLED:
            self.move(what, at)

    def _current(self, number: int) -> Revision:
        if self.revision is None:
            raise NothingToSign("Write a first version.")
        if number != self.revision.number:
            raise OldRevision("Read it again, then decide.", version=self.revision.number)
        return self.revision

    def _since_written(self, at: datetime) -> datetime:
        """`at`, which lies after the version that counts was written, and after home asked."""
        if self.revision is not None and at < self.revision.at:
            raise TooEarly("Give a time after it was written.")
        return since_asked(self, at)

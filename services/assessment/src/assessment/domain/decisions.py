"""The rules of a decision: signed by all who are to, each with an outcome of its own where each decides; then made."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import JSON, Field

from assessment.events import DecisionMade, DecisionSigned
from shared.entity import Asked
from shared.errors import Invalid
from shared.tasks import PEOPLE, HeardRequest

from .contributing import asked_of
from .signing import Manner, Signature, SignaturesMissing, SignedAlready, signer_of, signers, unsigned
from .tables import Table, TooEarly, outcome_of, since_asked


class Status(StrEnum):
    """Where a decision is. It begins with the first signature."""

    REQUESTED = "requested"
    SIGNING = "signing"
    MADE = "made"
    RECALLED = "recalled"


class NotOneEach(Invalid):
    """Here nobody decides alone: there is one outcome, given by whoever makes the decision."""


class Decision(Asked, Table, table=True):
    """One asking for a decision, from request to the making. Asked again, it is another one."""

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        Status.REQUESTED: frozenset({Status.SIGNING, Status.MADE, Status.RECALLED}),
        Status.SIGNING: frozenset({Status.MADE}),
    }

    status: str = Status.REQUESTED
    makers: list[str] = Field(sa_type=JSON)
    person_id: UUID
    outcomes: list[str] = Field(sa_type=JSON)
    signed_by: list[str] = Field(sa_type=JSON)
    each_decides: bool
    signatures: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]], sa_type=JSON)
    outcome: str | None = None

    @classmethod
    def requested(
        cls, request: HeardRequest, at: datetime, *, signed_by: Sequence[str], each_decides: bool
    ) -> "Decision":
        """`each_decides`: each party that signs does so with an outcome of its own. Raises `SignerUnknown`."""
        return cls(
            id=request.play,
            case_id=request.case_id,
            home=request.home,
            task=request.task,
            round=request.round,
            kind=request.kind,
            makers=[each.party for each in request.participants if each.acts],
            person_id=request.person_id,
            outcomes=request.outcomes,
            signed_by=signers(signed_by, request),
            each_decides=each_decides,
            opened_at=request.time,
            changed_at=at,
        )

    @property
    def begun(self) -> bool:
        return self.status != Status.REQUESTED

    @property
    def given(self) -> list[Signature]:
        return [Signature.model_validate(each) for each in self.signatures]

    def sign(
        self,
        party: str,
        outcome: str | None,
        at: datetime,
        *,
        signer: str | None = None,
        manner: Manner | None = None,
    ) -> DecisionSigned | None:
        """Once each, with an own outcome where each party decides; nothing is told where no guardian need sign.

        Raises `NotAsked`, `MannerWrong`, `SignedAlready`, `NotOneEach`, `OutcomeUnknown`, `TooEarly`, `MoveNotAllowed`.
        """
        signer = signer_of(party, signer, manner, named=self.signed_by, asked=self.makers)
        if self.status not in (Status.REQUESTED, Status.SIGNING):
            self.move("signed", at)
        if signer not in unsigned(self.signed_by, self.given):
            raise SignedAlready("There is nothing to do.")
        own = self._own(signer, outcome)
        at = since_asked(self, at)
        signature = Signature(signer=signer, by=party, manner=manner, own_outcome=own, at=at)
        self.signatures = [*self.signatures, signature.model_dump(mode="json")]
        if signature.waived:
            self.changed(at)
            return None
        if self.status == Status.REQUESTED:
            self.move(Status.SIGNING, at)
        else:
            self.changed(at)
        return self.fact(DecisionSigned, at, party=signer, own_outcome=own)

    def make(self, party: str, outcome: str | None, at: datetime) -> DecisionMade:
        """The common outcome, by those whom home asked, when all have signed.

        Raises `NotAsked`, `OutcomeUnknown`, `SignaturesMissing`, `TooEarly`, `MoveNotAllowed`.
        """
        asked_of(self.makers, party)
        outcome = outcome_of(outcome, self.outcomes)
        if wanted := unsigned(self.signed_by, self.given):
            raise SignaturesMissing(f"Wait for: {', '.join(wanted)}.")
        if any(at < each.at for each in self.given):
            raise TooEarly("Give a time after the last signature.")
        at = since_asked(self, at)
        self.move(Status.MADE, at)
        self.outcome = outcome
        return self.fact(DecisionMade, at, outcome=outcome)

    def recall(self, at: datetime) -> None:
        """Home takes it back: for what has not begun, and nobody need be told. Raises `MoveNotAllowed`."""
        self.move(Status.RECALLED, at)

    def _own(self, signer: str, outcome: str | None) -> str | None:
        if self.each_decides and signer not in PEOPLE:
            return outcome_of(outcome, self.outcomes)
        if outcome is not None:
            raise NotOneEach("Leave the outcome out.")
        return None

"""Who signs a plan or a decision: parties by their own token; the person, and a guardian, by the word of a party."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from shared.errors import Fault, Invalid, Refused
from shared.tasks import GUARDIAN_IF_UNDER_18, PEOPLE, HeardRequest

from .contributing import NotAsked, asked_of


class Manner(StrEnum):
    """How a person signed. `of_age`: nobody needs to sign beside one who is 18 when the plan is signed."""

    IN_PERSON = "in_person"
    EID = "eid"
    PAPER = "paper"
    OF_AGE = "of_age"


class SignerUnknown(Refused):
    """A party is to sign but takes no part."""

    fault = Fault.SCHEMA


class MannerWrong(Invalid):
    """How it was signed is said of a person, and of nobody else."""


class SignedAlready(Refused):
    """This signature is there already."""


class SignaturesMissing(Refused):
    """Somebody who must sign has not."""


class Signature(BaseModel):
    """One has signed. `by` is the party that did, or that took the person's signature in."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)

    signer: str
    by: str
    manner: Manner | None = None
    own_outcome: str | None = None
    at: datetime

    @property
    def waived(self) -> bool:
        """Nobody signed: the person is of age."""
        return self.manner == Manner.OF_AGE


def signers(named: Sequence[str], request: HeardRequest) -> list[str]:
    """Who is to sign, each once. Raises `SignerUnknown`."""
    if not set(named) <= {each.party for each in request.participants} | PEOPLE:
        raise SignerUnknown("Name everybody who signs among the participants.")
    return list(dict.fromkeys(named))


def signer_of(
    party: str, said: str | None, manner: Manner | None, *, named: Sequence[str], asked: Sequence[str]
) -> str:
    """Who signs when that party says so: itself, or a person whose signature a party that home asked takes in.

    Raises `NotAsked`, `MannerWrong`.
    """
    signer = said or party
    if signer not in named:
        raise NotAsked(f"These sign: {', '.join(named) or 'nobody'}.")
    if signer in PEOPLE:
        asked_of(asked, party)
    elif signer != party:
        raise NotAsked("Each party signs for itself.")
    if (signer in PEOPLE) is (manner is None) or (manner == Manner.OF_AGE and signer != GUARDIAN_IF_UNDER_18):
        raise MannerWrong("Say in_person, eid or paper of the person, of_age in the place of a guardian.")
    return signer


def unsigned(named: Sequence[str], given: Sequence[Signature]) -> list[str]:
    """Who has yet to sign."""
    return [name for name in named if name not in {each.signer for each in given}]

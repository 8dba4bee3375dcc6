"""A referral: who sent whom by which door, under which entry rules, and what became of it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Field

from referral.events import ReferralReceived, ReferralWithdrawn
from shared.caller import Caller
from shared.entity import Entity, MoveNotAllowed
from shared.errors import Invalid, Refused
from shared.identity import Identity
from shared.ids import uuid7
from shared.pathways import Score
from shared.tables import Instant

from .table import Table


class Status(StrEnum):
    """What became of a referral, as its sender sees it."""

    RECEIVED = "received"
    OPENED = "opened"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class WrongReferrer(Refused):
    """Your party may not refer by this door."""

    status = 403


class DoorUnknown(Invalid):
    """The pathway has no such door."""


class AgeOutside(Invalid):
    """The person's age on the day of the referral is outside the pathway's."""


class NotAttested(Invalid):
    """The referrer must vouch for every fact that the pathway names."""


class AskWrong(Invalid):
    """The pathway's closed questions and dates must be answered, each with a word it knows."""


class AlreadyReferred(Refused):
    """You have referred this person to this pathway already."""


class Referral(Entity, Table, table=True):
    """One referral. Its case is home's; this is the sender's view of it."""

    person_id: UUID
    pathway: str
    pathway_version: int
    sha256: str
    door: str
    sender_organisation: str
    sender: str
    status: str = Status.RECEIVED
    reason: str | None = None
    ending: str | None = None
    received_at: datetime = Field(sa_type=Instant)

    @classmethod
    def receive(
        cls, score: Score, sender: Caller, door: str, asks: dict[str, str], dates: dict[str, date], at: datetime
    ) -> tuple["Referral", ReferralReceived]:
        """A new referral, and what is told of it."""
        case = uuid7()
        referral = cls(
            id=uuid7(),
            case_id=case,
            home=score.home,
            person_id=uuid7(),
            pathway=score.name,
            pathway_version=score.version,
            sha256=score.sha256,
            door=door,
            sender_organisation=sender.organisation,
            sender=sender.party,
            received_at=at,
            changed_at=at,
        )
        told = referral.tells(
            ReferralReceived,
            at,
            referral_id=referral.id,
            person_id=referral.person_id,
            pathway=score.name,
            version=score.version,
            sha256=score.sha256,
            referrer=sender.party,
            answers={"door": door, **asks},
            dates=dates,
        )
        return referral, told

    @property
    def over(self) -> bool:
        return self.status in (Status.RETURNED, Status.WITHDRAWN, Status.ENDED)

    def withdraw(self, at: datetime) -> ReferralWithdrawn:
        """The sender takes it back. Raises `MoveNotAllowed` once it is over."""
        if self.over:
            raise MoveNotAllowed("It is over already.", status_now=self.status)
        self.status = Status.WITHDRAWN
        self.changed(at)
        return self.tells(ReferralWithdrawn, at, referral_id=self.id)

    def became(self, status: Status, at: datetime, *, reason: str | None = None, ending: str | None = None) -> None:
        """What home told of it. The sender's own withdrawal, and a return, are not overwritten by the closing."""
        if not self.over:
            self.status, self.reason = status, reason
        self.ending = ending or self.ending
        self.changed(at)


def admit(score: Score, sender: Caller, *, door: str, attests: set[str], asks: dict[str, str], dates: set[str]) -> None:
    """The entry rules that do not look at the person. Raises what is wrong first."""
    found = next((each for each in score.entry.doors if each.name == door), None)
    if found is None:
        doors = ", ".join(each.name for each in score.entry.doors)
        raise DoorUnknown(f"The doors are: {doors}.", doors=doors)
    party = score.parties.get(sender.party)
    if party is None or party.organisation != sender.organisation or sender.party not in found.by:
        by = ", ".join(found.by)
        raise WrongReferrer(f"By this door refer: {by}.", by=by)
    if missing := sorted(set(score.entry.attests) - attests):
        named = ", ".join(missing)
        raise NotAttested(f"Vouch for: {named}.", missing=named)
    wrong = [q for q, words in score.entry.asks.items() if asks.get(q) not in words]
    wrong += sorted((set(score.entry.dates) ^ dates) | (asks.keys() - score.entry.asks.keys()))
    if wrong:
        raise AskWrong(f"Answer as the pathway says: {', '.join(wrong)}.", wrong=", ".join(wrong))


def admit_person(score: Score, identity: Identity, today: date) -> int | None:
    """The entry rules about age, on the day of the referral. Returns the age where the number tells it."""
    age = identity.age_on(today)
    if score.entry.age and age is not None and not score.entry.admits(age):
        raise AgeOutside(f"The pathway is for {score.entry.age} years.", age=score.entry.age)
    return age

"""The shape of what home asks of a party and of the facts that answer it."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from .entity import Asked
from .errors import Refused
from .events import Event, Heard
from .uow import UnitOfWork

A = TypeVar("A", bound=Asked)


class NotFromHome(Refused):
    """The request does not come from the home of the case."""


class OtherCase(Refused):
    """The play belongs to another case."""


class TaskFact(Event):
    """A fact about a task: which asking it answers, and the outcome where it settles the task."""

    task: str
    round: int
    play: UUID
    outcome: str | None = None


PARTICIPANT = "participant"
GUARDIAN_IF_UNDER_18 = "guardian_if_under_18"
PEOPLE = frozenset({PARTICIPANT, "guardian", GUARDIAN_IF_UNDER_18})
"""Who signs without being a party: a party signs for them, and says how."""


class Participant(BaseModel):
    """Somebody with a part in a task: a party, the organisation that it is here, and whether it makes the moves."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True)

    party: str
    organisation: str
    acts: bool = False


class Interpreters(BaseModel):
    """Who orders an interpreter for a meeting, of whom, in which order; spans of time as the pathway writes them."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)

    ordered_by: str
    providers: list[Participant]
    lead: str | None = None
    answer_within: str | None = None


class TaskRequest(Event):
    """Home asks one party for one thing. It carries all that the addressee needs, except who the person is."""

    task: str
    round: int
    play: UUID
    person_id: UUID
    kind: str
    party: str
    owner: str
    participants: list[Participant]
    due: dict[str, datetime]
    outcomes: list[str]
    finds: dict[str, list[str]] | None = None
    contributions: dict[str, str] | None = None
    signed_by: list[str] | None = None
    each_decides: bool | None = None
    hours: int | None = None
    choose_from: list[str] | None = None
    package: str | None = None
    lasts: str | None = None
    waiver: bool | None = None
    between: list[Participant] | None = None
    interpreters: Interpreters | None = None
    group: str | None = None
    """A standing group, as `<area>/<name>`."""
    every: str | None = None
    authority: bool | None = None


class TaskRecall(Event):
    """Home takes a request back that has not begun."""

    task: str
    round: int
    play: UUID


class HeardFromHome(Heard):
    """What home alone may tell about a case: its referral service, and nobody in its name."""

    def require_teller(self) -> None:
        if self.envelope.source != f"/{self.home}/referral":
            raise NotFromHome("Only the home of a case asks, and takes back what it asked.")


class HeardRequest(HeardFromHome):
    """A request as those read it who are asked."""

    task: str
    round: int
    play: UUID
    person_id: UUID
    kind: str
    party: str
    participants: list[Participant]
    due: dict[str, datetime]
    outcomes: list[str]


class HeardRecall(HeardFromHome):
    """A request taken back."""

    play: UUID


async def find_asked(uow: UnitOfWork, kind: type[A], heard: HeardRequest | HeardRecall) -> A | None:
    """What was made of this asking, if anything. Raises `OtherCase` where the play is one of another case or home."""
    row = await uow.find(kind, heard.play)
    if row is not None and (row.case_id, row.home) != (heard.case_id, heard.home):
        raise OtherCase("Ask with a play of the case itself.")
    return row


async def grant_parts(uow: UnitOfWork, request: HeardRequest) -> None:
    """Gives everybody named in a request their part in the thing that it makes."""
    parts = [(p.organisation, p.party) for p in request.participants]
    acting = [(p.organisation, p.party) for p in request.participants if p.acts]
    uow.grant(request.play, parts, acts=acting)

"""Events in: all there are, in whatever order. Words are taken only where they look like words of a pathway."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.events import Heard
from shared.subscriptions import Load, Subscriptions
from shared.tasks import Participant
from shared.uow import UnitOfWork

from . import usecases
from .domain import CaseSummary, Deadline, deadline_id

subscriptions = Subscriptions(order_free=True)

Word = Annotated[str, Field(pattern=r"^([a-z_-]|[0-9]{1,5}([a-z_-]|$)){1,80}$")]
Path = Annotated[str, Field(pattern=r"^([a-z_/-]|[0-9]{1,5}([a-z_/-]|$)){1,160}$")]


class Anything(Heard, type="*"):
    """Whatever is told: what of it belongs in a timeline."""

    task: Word | None = None
    round: int | None = None
    play: UUID | None = None
    moment: Word | None = None
    outcome: Word | None = None
    ending: Word | None = None
    reason: Word | None = None
    reach: Word | None = None

    @property
    def about(self) -> UUID | None:
        return self.envelope.case_id


class CaseOpened(Heard, type="case.opened"):
    """From now on these parties may hear of the case."""

    pathway: Path
    version: int
    parties: list[Participant]


class CaseMoved(Heard, type="case.moved"):
    """And these, from now on."""

    parties: list[Participant] = Field(default_factory=list[Participant])


class CaseClosed(Heard, type="case.closed"):
    """The case came to an end of its pathway."""

    ending: Word


class OfDeadline(Heard):
    """What is told of a deadline."""

    task: Word
    round: int
    play: UUID
    reach: Word
    due: datetime
    owner: Word | None = None

    @property
    def deadline_id(self) -> UUID:
        return deadline_id(self.case_id, self.play, self.reach)

    def row(self, here: str) -> Deadline:
        return Deadline(
            id=self.deadline_id,
            case_id=self.case_id,
            home=self.home,
            changed_at=self.time,
            task=self.task,
            round=self.round,
            play=self.play,
            reach=self.reach,
            owner=self.owner,
            audience=usecases.audience(self.envelope, here),
            due=self.due,
            at=self.time,
        )


class DeadlineMet(OfDeadline, type="deadline.met"):
    """It held; `learnt_late`: that was not known when it was called missed."""

    learnt_late: bool = False


class DeadlineMissed(OfDeadline, type="deadline.missed"):
    """It passed."""


@subscriptions.on(Anything, Load(CaseSummary, by="about"))
async def note(uow: UnitOfWork, event: Anything) -> None:
    said = event.envelope
    if said.case_id is not None:
        line = usecases.Line(
            moment=event.moment or said.subject.split(".")[1],
            task=event.task,
            round=event.round,
            play=event.play,
            outcome=event.outcome or event.ending,
            reason=event.reason,
            reach=event.reach,
        )
        await usecases.note(uow, said, said.case_id, line)


@subscriptions.on(CaseOpened, Load(CaseSummary, by="case_id"))
async def opened(uow: UnitOfWork, event: CaseOpened) -> None:
    case = await usecases.the_case(uow, event.envelope, event.case_id)
    case.opened(event.pathway, event.version, event.time)
    await usecases.admit(uow, case, event.parties)


@subscriptions.on(CaseMoved, Load(CaseSummary, by="case_id"))
async def moved(uow: UnitOfWork, event: CaseMoved) -> None:
    await usecases.admit(uow, await usecases.the_case(uow, event.envelope, event.case_id), event.parties)


@subscriptions.on(CaseClosed, Load(CaseSummary, by="case_id"))
async def closed(uow: UnitOfWork, event: CaseClosed) -> None:
    (await usecases.the_case(uow, event.envelope, event.case_id)).closed(event.ending, event.time)


@subscriptions.on(DeadlineMet, Load(Deadline, by="deadline_id"), Load(CaseSummary, by="case_id"))
async def met(uow: UnitOfWork, event: DeadlineMet) -> None:
    await usecases.the_case(uow, event.envelope, event.case_id)
    await usecases.met(uow, event.row(uow.whoami.organisation), event.time, learnt_late=event.learnt_late)


@subscriptions.on(DeadlineMissed, Load(Deadline, by="deadline_id"), Load(CaseSummary, by="case_id"))
async def missed(uow: UnitOfWork, event: DeadlineMissed) -> None:
    await usecases.the_case(uow, event.envelope, event.case_id)
    await usecases.missed(uow, event.row(uow.whoami.organisation))

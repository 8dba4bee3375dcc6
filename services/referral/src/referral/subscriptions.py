"""Events in: home hears all facts of its cases, intake what became of them, answers and roles what is asked."""

from shared.events import Heard
from shared.pathways import KINDS, Told, WithdrawnBySender
from shared.subscriptions import Load, Subscriptions
from shared.timers import Rang, Timers
from shared.uow import UnitOfWork

from . import heard
from .domain.answers import Answer
from .domain.cases import Case
from .domain.referrals import Referral, Status
from .domain.roles import RoleHolding
from .usecases import answers, intake, roles
from .usecases.home import TIMER, Home


def subscriptions(home: Home) -> Subscriptions:
    """What home hears, and intake, answers and roles beside it."""
    table = Subscriptions()

    @table.on(heard.ReferralReceived, Load(Case, by="case_id"))
    async def _begin(uow: UnitOfWork, event: heard.ReferralReceived) -> None:
        if _own(uow, event):
            await home.begin(uow, event)

    @table.on(heard.ReferralWithdrawn, Load(Case, by="case_id"))
    async def _withdraw(uow: UnitOfWork, event: heard.ReferralWithdrawn) -> None:
        if _own(uow, event):
            await home.hear(uow, event.case_id, WithdrawnBySender(event.time))

    @table.on_each(heard.TaskTold, _moments(), Load(Case, by="case_id"))
    async def _hear(uow: UnitOfWork, event: heard.TaskTold) -> None:
        if event.home == uow.whoami.organisation:
            told = Told(
                at=event.time,
                play=event.play,
                moment=event.moment,
                outcome=event.outcome,
                findings=event.findings,
                party=event.party,
            )
            await home.hear(uow, event.case_id, told, told_by=event.envelope.organisation)

    @table.on(heard.DeviationReported, Load(Case, by="case_id"))
    async def _deviates(uow: UnitOfWork, event: heard.DeviationReported) -> None:
        if event.home == uow.whoami.organisation:
            await home.deviates(uow, event.case_id, event.party, event.time, told_by=event.envelope.organisation)

    _intake(table)
    _answers(table)
    _roles(table)
    return table


def _intake(table: Subscriptions) -> None:
    @table.on(heard.ReferralReturned, Load(Referral, of_case=True))
    async def _returned(uow: UnitOfWork, event: heard.ReferralReturned) -> None:
        if _own(uow, event):
            await intake.became(uow, event.case_id, Status.RETURNED, event.time, reason=event.reason)

    @table.on(heard.CaseOpened, Load(Referral, of_case=True))
    async def _opened(uow: UnitOfWork, event: heard.CaseOpened) -> None:
        if _own(uow, event):
            await intake.became(uow, event.case_id, Status.OPENED, event.time)

    @table.on(heard.CaseClosed, Load(Referral, of_case=True))
    async def _closed(uow: UnitOfWork, event: heard.CaseClosed) -> None:
        if _own(uow, event):
            await intake.became(uow, event.case_id, Status.ENDED, event.time, ending=event.ending)


def _answers(table: Subscriptions) -> None:
    @table.on(heard.AnswerRequested, Load(Answer))
    async def _ask(uow: UnitOfWork, event: heard.AnswerRequested) -> None:
        await answers.request(uow, event)

    @table.on(heard.AnswerRecalled, Load(Answer))
    async def _recall(uow: UnitOfWork, event: heard.AnswerRecalled) -> None:
        await answers.recall(uow, event)


def _roles(table: Subscriptions) -> None:
    @table.on(heard.RoleRequested, Load(RoleHolding))
    async def _ask(uow: UnitOfWork, event: heard.RoleRequested) -> None:
        await roles.request(uow, event)

    @table.on(heard.RoleRecalled, Load(RoleHolding))
    async def _recall(uow: UnitOfWork, event: heard.RoleRecalled) -> None:
        await roles.recall(uow, event)


def timers(home: Home) -> Timers:
    """The deadlines and waits of cases."""
    table = Timers()

    @table.on(TIMER)
    async def _expire(uow: UnitOfWork, rang: Rang) -> None:
        await home.expire(uow, rang.stream, rang.key, rang.due)

    return table


def _own(uow: UnitOfWork, event: Heard) -> bool:
    """Whether this service told it: what became of its referrals and cases it learns from nobody else."""
    return event.envelope.source == uow.whoami.source


def _moments() -> list[str]:
    """Every fact that any kind of task is answered by."""
    return sorted(f"{name}.{moment}" for name, kind in KINDS.items() if kind.request for moment in kind.moments)

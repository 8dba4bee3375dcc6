"""Events in, and timers. Only the fields consent reads."""

from pydantic import Field

from shared.subscriptions import Load, Subscriptions
from shared.tasks import HeardRecall, HeardRequest, Participant
from shared.timers import Rang, Timers
from shared.uow import UnitOfWork

from . import usecases
from .domain import Basis

subscriptions = Subscriptions()
timers = Timers()


class ConsentRequested(HeardRequest, type="consent.requested"):
    """Home asks a party to obtain a consent, or a waiver of secrecy, between these parties."""

    waiver: bool = False
    between: list[Participant] = Field(min_length=2)


class ConsentRecalled(HeardRecall, type="consent.recalled"):
    """Home takes it back."""


@subscriptions.on(ConsentRequested, Load(Basis))
async def request(uow: UnitOfWork, event: ConsentRequested) -> None:
    await usecases.request(uow, event, waiver=event.waiver, between=event.between)


@subscriptions.on(ConsentRecalled, Load(Basis))
async def recall(uow: UnitOfWork, event: ConsentRecalled) -> None:
    await usecases.recall(uow, event)


@timers.on(usecases.PERIOD)
async def end_of_period(uow: UnitOfWork, rang: Rang) -> None:
    await usecases.expire(uow, rang)

"""Events in. Only the fields assessment reads."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.calendar import Span
from shared.subscriptions import Subscriptions
from shared.tasks import HeardRecall, HeardRequest
from shared.uow import UnitOfWork

from . import usecases
from .domain import Activity, Assessment

subscriptions = Subscriptions()

SpanText = Annotated[str, AfterValidator(lambda text: str(Span.parse(text)))]


class AssessmentRequested(HeardRequest, type="assessment.requested"):
    """Home asks for an assessment: what it is to find, and who contributes."""

    finds: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])
    contributions: dict[str, Literal["required", "optional"]] = Field(
        default_factory=dict[str, Literal["required", "optional"]]
    )


class AssessmentRecalled(HeardRecall, type="assessment.recalled"):
    """Home takes it back."""


class ActivityRequested(HeardRequest, type="activity.requested"):
    """Home asks for an activity: which may be chosen, and for how long."""

    choose_from: list[str] = Field(default_factory=list[str])
    package: str | None = None
    lasts: SpanText | None = None


class ActivityRecalled(HeardRecall, type="activity.recalled"):
    """Home takes it back."""


@subscriptions.on(AssessmentRequested, loads=Assessment)
async def request_assessment(uow: UnitOfWork, event: AssessmentRequested) -> None:
    await usecases.request_assessment(uow, event, finds=event.finds, needs=event.contributions)


@subscriptions.on(AssessmentRecalled, loads=Assessment)
async def recall_assessment(uow: UnitOfWork, event: AssessmentRecalled) -> None:
    await usecases.recall_assessment(uow, event)


@subscriptions.on(ActivityRequested, loads=Activity)
async def request_activity(uow: UnitOfWork, event: ActivityRequested) -> None:
    await usecases.request_activity(uow, event, choose_from=event.choose_from, package=event.package, lasts=event.lasts)


@subscriptions.on(ActivityRecalled, loads=Activity)
async def recall_activity(uow: UnitOfWork, event: ActivityRecalled) -> None:
    await usecases.recall_activity(uow, event)

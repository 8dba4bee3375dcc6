"""Events in. Only the fields assessment reads."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.calendar import Span
from shared.subscriptions import Load, Subscriptions
from shared.tasks import HeardRecall, HeardRequest
from shared.uow import UnitOfWork

from .domain import Activity, Assessment, Decision, Plan
from .usecases import activities, assessments, decisions, plans

subscriptions = Subscriptions()

SpanText = Annotated[str, AfterValidator(lambda text: str(Span.parse(text)))]
Need = Literal["required", "optional"]


class AssessmentRequested(HeardRequest, type="assessment.requested"):
    """Home asks for an assessment: what it is to find, and who contributes."""

    finds: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])
    contributions: dict[str, Need] = Field(default_factory=dict[str, Need])


class AssessmentRecalled(HeardRecall, type="assessment.recalled"):
    """Home takes it back."""


class DecisionRequested(HeardRequest, type="decision.requested"):
    """Home asks for a decision: who signs it, and whether each of those decides by its own rules."""

    signed_by: list[str] = Field(default_factory=list[str])
    each_decides: bool = False


class DecisionRecalled(HeardRecall, type="decision.recalled"):
    """Home takes it back."""


class PlanRequested(HeardRequest, type="plan.requested"):
    """Home asks for a plan: who signs, who contributes, what it is to find, and how many hours a week it must fill."""

    signed_by: list[str] = Field(default_factory=list[str])
    contributions: dict[str, Need] = Field(default_factory=dict[str, Need])
    finds: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])
    hours: Annotated[int, Field(ge=1, le=168)] | None = None


class PlanRecalled(HeardRecall, type="plan.recalled"):
    """Home takes it back."""


class ActivityRequested(HeardRequest, type="activity.requested"):
    """Home asks for an activity: which may be chosen, and for how long."""

    choose_from: list[str] = Field(default_factory=list[str])
    package: str | None = None
    lasts: SpanText | None = None


class ActivityRecalled(HeardRecall, type="activity.recalled"):
    """Home takes it back."""


@subscriptions.on(AssessmentRequested, Load(Assessment))
async def request_assessment(uow: UnitOfWork, event: AssessmentRequested) -> None:
    await assessments.request_assessment(uow, event, finds=event.finds, needs=event.contributions)


@subscriptions.on(AssessmentRecalled, Load(Assessment))
async def recall_assessment(uow: UnitOfWork, event: AssessmentRecalled) -> None:
    await assessments.recall_assessment(uow, event)


@subscriptions.on(DecisionRequested, Load(Decision))
async def request_decision(uow: UnitOfWork, event: DecisionRequested) -> None:
    await decisions.request_decision(uow, event, signed_by=event.signed_by, each_decides=event.each_decides)


@subscriptions.on(DecisionRecalled, Load(Decision))
async def recall_decision(uow: UnitOfWork, event: DecisionRecalled) -> None:
    await decisions.recall_decision(uow, event)


@subscriptions.on(PlanRequested, Load(Plan))
async def request_plan(uow: UnitOfWork, event: PlanRequested) -> None:
    await plans.request_plan(
        uow, event, signed_by=event.signed_by, needs=event.contributions, finds=event.finds, hours=event.hours
    )


@subscriptions.on(PlanRecalled, Load(Plan))
async def recall_plan(uow: UnitOfWork, event: PlanRecalled) -> None:
    await plans.recall_plan(uow, event)


@subscriptions.on(ActivityRequested, Load(Activity))
async def request_activity(uow: UnitOfWork, event: ActivityRequested) -> None:
    await activities.request_activity(
        uow, event, choose_from=event.choose_from, package=event.package, lasts=event.lasts
    )


@subscriptions.on(ActivityRecalled, Load(Activity))
async def recall_activity(uow: UnitOfWork, event: ActivityRecalled) -> None:
    await activities.recall_activity(uow, event)

"""What assessment tells. Every fact repeats the play that home asked for; there is never a person in it."""

from datetime import datetime
from enum import StrEnum

from shared.events import Event
from shared.tasks import TaskFact


class AssessmentOpened(TaskFact, type="assessment.opened"):
    """The asked party has begun; from here home no longer takes it back."""


class AssessmentContributed(TaskFact, type="assessment.contributed"):
    """One party has given its part. What it says stays with those who assess."""

    party: str


class AssessmentCompleted(TaskFact, type="assessment.completed"):
    """It is done, with one of the outcomes the request allowed. `findings` answers exactly what the request asked."""

    findings: dict[str, str]


class ActivityStarted(TaskFact, type="activity.started"):
    """It has begun: which of those offered, and until when it is planned (an instant, UTC), where that is known."""

    activity: str | None = None
    planned_end: datetime | None = None


class ActivityExtended(TaskFact, type="activity.extended"):
    """It goes on for longer; `planned_end` is the new one, UTC."""

    planned_end: datetime


class ActivityChanged(TaskFact, type="activity.changed"):
    """It goes on as another of those offered."""

    activity: str


class ActivityEnded(TaskFact, type="activity.ended"):
    """It is over, with one of the outcomes the request allowed, where it allowed any."""


class DecisionSigned(TaskFact, type="decision.signed"):
    """One has signed: a party or the participant. Where each decides by its own rules, `own_outcome` is the party's."""

    party: str
    own_outcome: str | None = None


class DecisionMade(TaskFact, type="decision.made"):
    """It is made, with one of the outcomes the request allowed. All who were to sign have signed."""


class PlanSigned(TaskFact, type="plan.signed"):
    """One has signed: a party, the participant or a guardian; `version` is the plan's, counted from 1."""

    party: str
    version: int


class PlanAgreed(TaskFact, type="plan.agreed"):
    """All have signed this version. `findings` answers exactly what the request asked."""

    version: int
    findings: dict[str, str]


class PlanRevised(TaskFact, type="plan.revised"):
    """A plan that was agreed has a new version, which nobody has signed yet."""

    version: int


class Reason(StrEnum):
    """What differs from the plan."""

    ABSENCE = "absence"
    NOT_STARTED = "not_started"
    INTERRUPTED = "interrupted"
    NOT_AS_AGREED = "not_as_agreed"
    CIRCUMSTANCES_CHANGED = "circumstances_changed"


class DeviationReported(Event, type="deviation.reported"):
    """A party of the case says that what happens differs from the plan. Nobody asked: it has no play and no task."""

    reason: Reason
    party: str

"""What assessment tells. Every fact repeats the play that home asked for; there is never a person in it."""

from datetime import datetime

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

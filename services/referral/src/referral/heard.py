"""What referral hears, as it reads it."""

from datetime import date
from uuid import UUID

from pydantic import Field

from shared.events import Heard
from shared.tasks import HeardRecall, HeardRequest


class ReferralReceived(Heard, type="referral.received"):
    """Intake took a referral in."""

    referral_id: UUID
    person_id: UUID
    pathway: str
    version: int
    sha256: str
    referrer: str
    answers: dict[str, str] = Field(default_factory=dict)
    dates: dict[str, date] = Field(default_factory=dict)


class ReferralWithdrawn(Heard, type="referral.withdrawn"):
    """The sender took it back."""


class ReferralReturned(Heard, type="referral.returned"):
    """The receiver sent it back."""

    reason: str


class CaseOpened(Heard, type="case.opened"):
    """Home opened the case."""


class CaseClosed(Heard, type="case.closed"):
    """Home closed the case."""

    ending: str


class AnswerRequested(HeardRequest, type="answer.requested"):
    """Home asks a party for an answer."""


class AnswerRecalled(HeardRecall, type="answer.recalled"):
    """Home takes the question back."""


class RoleRequested(HeardRequest, type="role.requested"):
    """Home asks a party who holds a role."""


class RoleRecalled(HeardRecall, type="role.recalled"):
    """Home does not ask any more."""


class DeviationReported(Heard, type="deviation.reported"):
    """What happens differs from the plan, says somebody with a part in the case; unasked, so there is no play."""

    party: str


class TaskTold(Heard):
    """A fact about a task that home asked for, whatever its kind. Its type says the moment."""

    task: str
    round: int
    play: UUID
    outcome: str | None = None
    findings: dict[str, str] = Field(default_factory=dict)
    party: str | None = None

    @property
    def moment(self) -> str:
        """`booked` of `se.samspar.meeting.booked.v1`."""
        return self.envelope.subject.split(".")[1]

"""What referral tells: what became of a referral, how the case moves, what home asks, and which deadlines held."""

from datetime import date, datetime
from uuid import UUID

from shared.events import Event
from shared.tasks import Participant, TaskFact, TaskRecall, TaskRequest


class ReferralReceived(Event, type="referral.received"):
    """A referral came in and met the entry rules. `sha256` is the hash of the score that the case is pinned to.

    `answers`: the door and the pathway's closed questions, each with a word that the pathway knows.
    """

    referral_id: UUID
    person_id: UUID
    pathway: str
    version: int
    sha256: str
    referrer: str
    answers: dict[str, str]
    dates: dict[str, date]


class ReferralReturned(Event, type="referral.returned"):
    """The receiver sent it back. `reason` is one of the pathway's."""

    reason: str


class ReferralWithdrawn(Event, type="referral.withdrawn"):
    """The sender took it back."""

    referral_id: UUID


class CaseOpened(Event, type="case.opened"):
    """The needs are settled: from now on the parties named may hear of the case."""

    pathway: str
    version: int
    parties: list[Participant]


class CaseMoved(Event, type="case.moved"):
    """Something happened to a task. `parties`: those who may hear of the case from now on, where they are new."""

    task: str
    round: int
    kind: str
    moment: str
    outcome: str | None = None
    parties: list[Participant] | None = None


class CaseTurned(Event, type="case.turned"):
    """The journey went back to a stage."""

    stage: str
    round: int


class CaseClosed(Event, type="case.closed"):
    """The case came to an end of its pathway."""

    ending: str


class DeadlineMet(TaskFact, type="deadline.met"):
    """What was due was done in time. `learnt_late`: it had been called missed before this was known."""

    reach: str
    due: datetime
    owner: str
    learnt_late: bool = False


class DeadlineMissed(TaskFact, type="deadline.missed"):
    """What was due was not done in time; `time` is the instant at which it was due."""

    reach: str
    due: datetime
    owner: str


class AnswerGiven(TaskFact, type="answer.given"):
    """A party answered what it was asked."""

    party: str


class RoleAssigned(TaskFact, type="role.assigned"):
    """A party has said who of its own holds a role in the case; who that is, is not told."""

    role: str


class MeetingRequested(TaskRequest, type="meeting.requested"):
    """Home asks for a meeting."""


class MeetingRecalled(TaskRecall, type="meeting.recalled"):
    """Home takes it back."""


class AgendaRequested(TaskRequest, type="agenda.requested"):
    """Home asks a standing group to take up a case."""


class AgendaRecalled(TaskRecall, type="agenda.recalled"):
    """Home takes it back."""


class AssessmentRequested(TaskRequest, type="assessment.requested"):
    """Home asks for an assessment."""


class AssessmentRecalled(TaskRecall, type="assessment.recalled"):
    """Home takes it back."""


class DecisionRequested(TaskRequest, type="decision.requested"):
    """Home asks for a decision."""


class DecisionRecalled(TaskRecall, type="decision.recalled"):
    """Home takes it back."""


class PlanRequested(TaskRequest, type="plan.requested"):
    """Home asks for a plan."""


class PlanRecalled(TaskRecall, type="plan.recalled"):
    """Home takes it back."""


class ActivityRequested(TaskRequest, type="activity.requested"):
    """Home asks for an activity."""


class ActivityRecalled(TaskRecall, type="activity.recalled"):
    """Home takes it back."""


class ConsentRequested(TaskRequest, type="consent.requested"):
    """Home asks for a waiver or a consent to be obtained."""


class ConsentRecalled(TaskRecall, type="consent.recalled"):
    """Home takes it back."""


class AnswerRequested(TaskRequest, type="answer.requested"):
    """Home asks for an answer."""


class AnswerRecalled(TaskRecall, type="answer.recalled"):
    """Home takes it back."""


class RoleRequested(TaskRequest, type="role.requested"):
    """Home asks who holds a role."""


class RoleRecalled(TaskRecall, type="role.recalled"):
    """Home takes it back."""


REQUESTS: dict[str, type[TaskRequest]] = {
    "meeting": MeetingRequested,
    "agenda": AgendaRequested,
    "assessment": AssessmentRequested,
    "decision": DecisionRequested,
    "plan": PlanRequested,
    "activity": ActivityRequested,
    "consent": ConsentRequested,
    "answer": AnswerRequested,
    "role": RoleRequested,
}

RECALLS: dict[str, type[TaskRecall]] = {
    "meeting": MeetingRecalled,
    "agenda": AgendaRecalled,
    "assessment": AssessmentRecalled,
    "decision": DecisionRecalled,
    "plan": PlanRecalled,
    "activity": ActivityRecalled,
    "consent": ConsentRecalled,
    "answer": AnswerRecalled,
    "role": RoleRecalled,
}

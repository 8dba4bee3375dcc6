"""What booking tells. Every fact repeats the play that home asked for; there is never a person in it."""

from datetime import datetime
from enum import StrEnum

from shared.tasks import TaskFact


class Reason(StrEnum):
    """Why a meeting was cancelled or not taken on."""

    ILLNESS = "illness"
    NO_TIME = "no_time"
    NO_INTERPRETER = "no_interpreter"
    PERSON_ASKED = "person_asked"
    PARTY_ASKED = "party_asked"
    RECALLED = "recalled"


class MeetingBooked(TaskFact, type="meeting.booked"):
    """A time is set; told again when it is moved. `starts` and `ends` are instants, UTC."""

    starts: datetime
    ends: datetime


class MeetingHeld(TaskFact, type="meeting.held"):
    """It took place. `outcome` is one of those the request allowed."""


class MeetingMissed(TaskFact, type="meeting.missed"):
    """Somebody who was to come did not, and it could not be held."""


class MeetingCancelled(TaskFact, type="meeting.cancelled"):
    """It was called off before it began."""

    reason: Reason


class MeetingDeclined(TaskFact, type="meeting.declined"):
    """The asked party does not take it on."""

    reason: Reason

"""What booking tells. Every fact repeats the play that home asked for; there is never a person in it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import NAMESPACE_URL, UUID, uuid5

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


class MeetingUnready(TaskFact, type="meeting.unready"):
    """The area's lead time before it begins has come, and something that was ordered for it is not confirmed."""

    reason: Reason


class InterpreterOrdered(TaskFact, type="interpreter.ordered"):
    """One is needed and a provider is asked; told again for another time, and when one who was confirmed fell away."""


class InterpreterConfirmed(TaskFact, type="interpreter.confirmed"):
    """A provider sends one."""


class InterpreterDeclined(TaskFact, type="interpreter.declined"):
    """No provider is left that could send one; whoever ordered may move the meeting, order anew, or call it off."""

    reason: Reason = Reason.NO_INTERPRETER


class InterpreterReleased(TaskFact, type="interpreter.released"):
    """The one that was ordered is not needed at that time."""


class AgendaFact(TaskFact):
    """A fact about an item of a standing group's agenda: its order is kept for the group, whatever the cases."""

    group: str

    @property
    def stream(self) -> UUID:
        return agenda_stream(self.home, self.group)


class AgendaListed(AgendaFact, type="agenda.listed"):
    """It stands on the agenda of a sitting, a day in Sweden."""

    sitting: date


class AgendaDecided(AgendaFact, type="agenda.decided"):
    """The group has decided. `outcome` is one of those the request allowed."""


class AgendaCarriedOver(AgendaFact, type="agenda.carried_over"):
    """The group did not reach a decision; it stands on the agenda of a later sitting."""

    sitting: date


def agenda_stream(home: str, group: str) -> UUID:
    """What the order of a standing group's facts is kept for."""
    return uuid5(NAMESPACE_URL, f"agenda:{home}/{group}")

"""A meeting as a calendar file (RFC 5545, 5546), with nobody's data in it."""

from datetime import datetime

from shared.errors import NotFound

from .domain.meetings import Meeting, Status, uid_of


class NoTimeSet(NotFound):
    """No time is set for the meeting."""


def ics(meeting: Meeting, now: datetime) -> bytes:
    """The same UID through all changes; a higher SEQUENCE replaces a lower; METHOD:CANCEL takes it out.

    Raises `NoTimeSet`: a calendar file has an entry in it (RFC 5545, 3.6).
    """
    from icalendar import STATUS, Calendar, Event  # large, and asked for by few

    if meeting.starts is None or meeting.ends is None:
        raise NoTimeSet("Book a time first.")
    cancelled = meeting.status == Status.CANCELLED
    calendar = Calendar.new(prodid="-//Samspar//booking//SV", method="CANCEL" if cancelled else "REQUEST")
    entry = Event.new(
        uid=uid_of(meeting.id),
        sequence=meeting.sequence,
        stamp=now,
        start=meeting.starts,
        end=meeting.ends,
        summary="Möte / Meeting",
        status=STATUS.CANCELLED if cancelled else STATUS.CONFIRMED,
    )
    calendar.add_component(entry)
    return calendar.to_ical()

"""A meeting as a calendar file (RFC 5545, 5546), with nobody's data in it."""

from datetime import datetime

from icalendar import STATUS, Calendar, Event

from .domain import Meeting, Status, uid_of


def ics(meeting: Meeting, now: datetime) -> bytes:
    """The same UID through all changes; a higher SEQUENCE replaces a lower; METHOD:CANCEL takes it out."""
    cancelled = meeting.status == Status.CANCELLED
    calendar = Calendar.new(prodid="-//Samspar//booking//SV", method="CANCEL" if cancelled else "REQUEST")
    if meeting.starts is not None and meeting.ends is not None:
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

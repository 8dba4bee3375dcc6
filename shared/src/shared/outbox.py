"""The transactional outbox: what a unit of work told becomes rows of the event log, in the order of its telling."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from . import tables
from .envelope import LARGEST
from .errors import Fault, Refused
from .events import Event
from .ids import uuid7
from .writes import Into, Pending

EVENTS = Into(tables.event, key=("id",))
STREAMS = Into(tables.stream, key=("id",), updates=("sequence",))


class TooLarge(Refused):
    """What would be told is larger than any receiver takes."""

    status = 500
    fault = Fault.PLATFORM


class StreamNotLocked(AssertionError):
    """A use-case tells or changes something of a stream that it did not lock."""


class Outbox:
    """What one transaction tells. It numbers the events of each stream that the transaction holds."""

    def __init__(self, organisation: str, now: datetime) -> None:
        self._organisation = organisation
        self._now = now
        self._events: list[tuple[Event, UUID | None, str | None]] = []
        self.sequences: dict[UUID, int] = {}
        """The streams that are held, and the number of the last event of each."""

    def require(self, stream: UUID) -> None:
        """Raises `StreamNotLocked`."""
        if stream not in self.sequences:
            raise StreamNotLocked("lock the stream before telling or changing anything of it")

    def tell(self, event: Event, *, causation: UUID | None, traceparent: str | None) -> None:
        """Raises `StreamNotLocked`."""
        self.require(event.stream)
        self._events.append((event, causation, traceparent))

    def write(self, pending: Pending) -> bool:
        """Puts the rows to what is pending; true if anything was told. Raises `TooLarge`."""
        for row in self._rows():
            pending.put(EVENTS, row)
        for stream in {event.stream for event, _, _ in self._events}:
            pending.put(STREAMS, {"id": stream, "sequence": self.sequences[stream]})
        return bool(self._events)

    def _rows(self) -> Iterator[dict[str, Any]]:
        for event, causation, traceparent in self._events:
            body = event.body()
            if len(body) > LARGEST:
                raise TooLarge("Tell it in smaller parts; nothing was changed.", type=event.type)
            self.sequences[event.stream] += 1
            yield {
                "id": uuid7(),
                "stream": event.stream,
                "sequence": self.sequences[event.stream],
                "type": event.type,
                "time": event.time,
                "recorded": self._now,
                "case_id": event.case_id,
                "home": event.home,
                "addressee": event.addressee,
                "audience": event.audience(self._organisation),
                "causation": causation,
                "traceparent": traceparent,
                "body": body,
            }

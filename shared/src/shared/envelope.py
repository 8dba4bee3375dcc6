"""What is known of an event besides its body, and its form as a CloudEvent on the wire."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_binary, to_binary
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.base import Format
from cloudevents.core.v1.event import CloudEvent

from .broker.protocol import Message
from .errors import Fault, Refused

PREFIX = "se.samspar."
LARGEST = 1024 * 1024
NAME = re.compile(r"[a-z][a-z0-9-]{1,31}")
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
GIVEN = ("id", "source", "type", "specversion", "time")  # the library makes up some of them where they are missing


class NoCloudEvent(Refused):
    """The message is not a CloudEvent that this platform can read."""

    fault = Fault.SENDER


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who told what, about which stream, when, for whom."""

    id: UUID
    source: str
    type: str
    stream: UUID
    sequence: int
    time: datetime
    case_id: UUID | None
    home: str
    addressee: str | None
    causation: UUID | None
    traceparent: str | None
    audience: frozenset[str] | None = None
    """Who may hear it; told inside the own organisation only."""

    @property
    def organisation(self) -> str:
        """The organisation that tells: the first part of the source `/<organisation>/<service>`."""
        return self.source.split("/")[1]

    @property
    def subject(self) -> str:
        """`meeting.booked.v1` of `se.samspar.meeting.booked.v1`."""
        return self.type.removeprefix(PREFIX)

    def fingerprint(self, body: bytes) -> bytes:
        """SHA-256 over type, stream and body: what must be equal when the same id is heard again."""
        return hashlib.sha256(f"{self.type}\n{self.stream}\n".encode() + body).digest()


class _Bytes(Format):
    """A body that is already JSON passes as it is, so that its bytes are the same each time it is sent."""

    def get_content_type(self) -> str:
        return "application/json"

    def write_data(self, data: Any, datacontenttype: str | None) -> bytes:  # noqa: ARG002 -- the library's signature
        return data

    def read_data(self, body: bytes, datacontenttype: str | None) -> Any:  # noqa: ARG002 -- the library's signature
        return body

    def write(self, event: BaseCloudEvent) -> bytes:  # noqa: ARG002 -- the library's signature
        raise TypeError("only binary mode is used")

    def read(self, event_factory: object, data: str | bytes) -> BaseCloudEvent:  # noqa: ARG002 -- the library's signature
        raise TypeError("only binary mode is used")


def to_message(envelope: Envelope, body: bytes, *, user_id: str) -> Message:
    """The event as a message for the exchange of whoever shall hear it."""
    attributes: dict[str, Any] = {
        "id": str(envelope.id),
        "source": envelope.source,
        "type": envelope.type,
        "specversion": "1.0",
        "time": envelope.time,
        "datacontenttype": "application/json",
        "correlationid": str(envelope.stream),
        "partitionkey": str(envelope.stream),
        "sequence": f"{envelope.sequence:020d}",
        "home": envelope.home,
    }
    optional = {
        "case": envelope.case_id,
        "addressee": envelope.addressee,
        "causationid": envelope.causation,
        "traceparent": envelope.traceparent,
        "audience": ",".join(sorted(envelope.audience)) if envelope.audience is not None else None,
    }
    attributes |= {name: str(value) for name, value in optional.items() if value is not None}
    wire = to_binary(CloudEvent(attributes, body), _Bytes())
    return Message(
        id=str(envelope.id),
        routing_key=f"{envelope.organisation}.{envelope.subject}",
        headers=dict(wire.headers),
        body=body,
        user_id=user_id,
    )


def from_message(message: Message) -> Envelope:
    """Reads the envelope of a message. Raises `NoCloudEvent`, whose `what` says which attribute is wrong."""
    if len(message.body) > LARGEST:
        raise NoCloudEvent("Send events of at most 1 MiB.", what="size")
    try:
        headers = {str(name): str(value) for name, value in message.headers.items()}
        if missing := [name for name in GIVEN if f"ce-{name}" not in headers]:
            raise NoCloudEvent("Send every attribute of the contract.", what=missing[0])
        event = from_binary(RabbitMQMessage(headers, message.content_type, message.body), _Bytes())
    except (CloudEventValidationError, ValueError, TypeError, KeyError) as error:
        raise NoCloudEvent("Send CloudEvents 1.0 in binary mode.", what="attributes") from error
    said = event.get_attributes()
    try:
        case, causation = said.get("case"), said.get("causationid")
        return Envelope(
            id=UUID(said["id"]),
            source=_source(said["source"]),
            type=_type(said["type"]),
            stream=UUID(said["partitionkey"]),
            sequence=int(said["sequence"]),
            time=_aware(said["time"]),
            case_id=UUID(case) if case else None,
            home=_name(said["home"]),
            addressee=_name(said["addressee"]) if said.get("addressee") else None,
            causation=UUID(causation) if causation else None,
            traceparent=_trace(said.get("traceparent")),
            audience=frozenset(said["audience"].split(",")) if said.get("audience") else None,
        )
    except KeyError as error:
        raise NoCloudEvent("Send every attribute of the contract.", what=str(error.args[0])) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise NoCloudEvent("Send the attributes in the form of the contract.", what="form") from error


def _source(value: str) -> str:
    if value.count("/") != 2 or not value.startswith("/"):
        raise ValueError("source is /<organisation>/<service>")
    return value


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError("home and addressee are names of organisations")
    return value


def _trace(value: str | None) -> str | None:
    """Only what has the form of W3C Trace Context is kept: it is passed on, and must carry nothing else."""
    return value if value is not None and TRACEPARENT.fullmatch(value) else None


def _type(value: str) -> str:
    if not value.startswith(PREFIX):
        raise ValueError("type is se.samspar.<aggregate>.<fact>.v<major>")
    return value


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("time needs a time zone")
    return value

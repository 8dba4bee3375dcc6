"""What is known of an event besides its body, and its form as a CloudEvent on the wire."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from .broker.protocol import Message
from .errors import Fault, Refused
from .parties.register import TYPE

PREFIX = "se.samspar."
LARGEST = 1024 * 1024
NAME = re.compile(r"[a-z][a-z0-9-]{1,31}")
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
UUID_ = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)
SOURCE = re.compile(r"/[a-z][a-z0-9-]{1,31}/[a-z][a-z0-9-]{1,31}")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")
ATTRIBUTE: Final = "ce-"
SPECVERSION: Final = "1.0"


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


def to_message(envelope: Envelope, body: bytes, *, user_id: str) -> Message:
    """The event as a message for the exchange of whoever shall hear it: CloudEvents 1.0 in binary mode."""
    stream = str(envelope.stream)
    headers = {
        "ce-id": (id_ := str(envelope.id)),
        "ce-source": envelope.source,
        "ce-type": envelope.type,
        "ce-specversion": SPECVERSION,
        "ce-time": _written(envelope.time),
        "ce-correlationid": stream,
        "ce-partitionkey": stream,
        "ce-sequence": f"{envelope.sequence:020d}",
        "ce-home": envelope.home,
    }
    if envelope.case_id is not None:
        headers["ce-case"] = str(envelope.case_id)
    if envelope.addressee is not None:
        headers["ce-addressee"] = envelope.addressee
    if envelope.causation is not None:
        headers["ce-causationid"] = str(envelope.causation)
    if envelope.traceparent is not None:
        headers["ce-traceparent"] = envelope.traceparent
    if envelope.audience is not None:
        headers["ce-audience"] = ",".join(sorted(envelope.audience))
    return Message(
        id=id_,
        routing_key=f"{envelope.organisation}.{envelope.subject}",
        headers=headers,
        body=body,
        user_id=user_id,
    )


def from_message(message: Message) -> Envelope:
    """Reads the envelope of a message. Raises `NoCloudEvent`, whose `what` says which attribute is wrong."""
    if len(message.body) > LARGEST:
        raise NoCloudEvent("Send events of at most 1 MiB.", what="size")
    said = _attributes(message)
    if said.get("specversion") != SPECVERSION:
        raise NoCloudEvent("Send CloudEvents 1.0 in binary mode.", what="specversion")
    try:
        case, causation, addressee, audience = map(said.get, ("case", "causationid", "addressee", "audience"))
        return Envelope(
            id=_uuid(said["id"]),
            source=_source(said["source"]),
            type=_type(said["type"]),
            stream=_uuid(said["partitionkey"]),
            sequence=_number(said["sequence"]),
            time=_aware(said["time"]),
            case_id=_uuid(case) if case else None,
            home=_name(said["home"]),
            addressee=_name(addressee) if addressee else None,
            causation=_uuid(causation) if causation else None,
            traceparent=_trace(said.get("traceparent")),
            audience=frozenset(audience.split(",")) if audience else None,
        )
    except KeyError as error:
        raise NoCloudEvent("Send every attribute of the contract.", what=str(error.args[0])) from error
    except (ValueError, OverflowError) as error:
        raise NoCloudEvent("Send the attributes in the form of the contract.", what="form") from error


def _written(time: datetime) -> str:
    """RFC 3339, in UTC as `Z`."""
    text = time.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _attributes(message: Message) -> dict[str, str]:
    """By name, which may be written in capitals, but once: else it would say two things."""
    said: dict[str, str] = {}
    for name, value in message.headers.items():
        attribute = str(name).lower()
        if attribute.startswith(ATTRIBUTE):
            if attribute[len(ATTRIBUTE) :] in said:
                raise NoCloudEvent("Send each attribute once.", what="attributes")
            said[attribute[len(ATTRIBUTE) :]] = str(value)
    return said


def _like(pattern: re.Pattern[str], value: str) -> str:
    """Raises ValueError; nothing of the value is repeated."""
    if not pattern.fullmatch(value):
        raise ValueError(pattern.pattern)
    return value


def _uuid(value: str) -> UUID:
    return UUID(_like(UUID_, value))


def _number(value: str) -> int:
    number = int(_like(DIGITS, value))
    if number >= 2**63:
        raise ValueError("a sequence is a number of 63 bits")
    return number


def _source(value: str) -> str:
    return _like(SOURCE, value)


def _name(value: str) -> str:
    return _like(NAME, value)


def _trace(value: str | None) -> str | None:
    """Only what has the form of W3C Trace Context is kept: it is passed on, and must carry nothing else."""
    return value if value is not None and TRACEPARENT.fullmatch(value) else None


def _type(value: str) -> str:
    return _like(TYPE, value)


def _aware(value: str) -> datetime:
    """RFC 3339. Raises ValueError, and OverflowError for what is no instant in UTC."""
    return datetime.fromisoformat(_like(TIME, value)).astimezone(UTC)

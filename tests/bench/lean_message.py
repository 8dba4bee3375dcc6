"""The lean reference's messages: an event row to properties, and a delivery back to what the inbox needs."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from .ground import SERVICES
from .journey import teller_of

NUMBER = {f"/bench/{name}": n for n, name in enumerate(SERVICES)}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the inbox needs of a message."""

    source: int
    id: UUID
    stream: UUID
    type: str
    hop: str
    body: bytes


def properties(row: Any, hop: str, *, whole: bool) -> Basic.Properties:
    """Persistent; `whole`: with the thirteen headers that the platform sends."""
    id_, stream, type_ = str(row["id"]), str(row["stream"]), row["type"]
    source = f"/bench/{teller_of(type_)}"
    if not whole:
        return Basic.Properties(
            message_id=id_, correlation_id=stream, app_id=source, content_type="application/json", delivery_mode=2
        )
    headers = {
        "ce-id": id_,
        "ce-source": source,
        "ce-type": type_,
        "ce-specversion": "1.0",
        "ce-time": row["told"].isoformat(),
        "ce-correlationid": stream,
        "ce-causationid": str(row["causation"] or row["id"]),
        "ce-partitionkey": stream,
        "ce-sequence": str(row["sequence"]),
        "ce-home": row["home"],
        "ce-addressee": row["addressee"],
        "ce-traceparent": row["traceparent"],
        "traceparent": hop,
    }
    return Basic.Properties(
        message_id=id_, headers=headers, content_type="application/json", delivery_mode=2, user_id="guest"
    )


def read(message: DeliveredMessage, *, whole: bool) -> Delivery:
    said = message.header.properties
    delivered: Any = message.delivery
    type_: str = delivered.routing_key
    if not whole:
        ids = (str(said.app_id), str(said.message_id), str(said.correlation_id), "")
    else:
        headers: dict[str, Any] = said.headers or {}
        ids = tuple(str(headers[key]) for key in ("ce-source", "ce-id", "ce-correlationid", "traceparent"))
    source, id_, stream, hop = ids
    return Delivery(NUMBER[source], UUID(id_), UUID(stream), type_, hop, message.body)

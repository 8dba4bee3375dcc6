"""Our messages are CloudEvents by the CloudEvents project's own library, and its messages are read here."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_binary, to_binary
from cloudevents.core.formats.base import Format
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from shared.broker.protocol import Message
from shared.envelope import Envelope, NoCloudEvent, from_message, to_message

BODY = b'{"n": 1}'
NAMES = st.from_regex(r"[a-z][a-z0-9-]{1,31}", fullmatch=True)
MAYBE = st.none()
ENVELOPES = st.builds(
    Envelope,
    id=st.uuids(),
    source=st.builds("/{}/{}".format, NAMES, st.sampled_from(["referral", "booking"])),
    type=st.from_regex(r"se\.samspar\.[a-z]{1,12}\.[a-z_]{1,12}\.v[1-9]", fullmatch=True),
    stream=st.uuids(),
    sequence=st.integers(1, 10**15),
    time=st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 -- the strategy adds the zone
    case_id=MAYBE | st.uuids(),
    home=NAMES,
    addressee=MAYBE | NAMES,
    causation=MAYBE | st.uuids(),
    traceparent=MAYBE | st.just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    audience=MAYBE | st.frozensets(NAMES, min_size=1, max_size=4),
)


class AsItIs(Format):
    """A body that passes as it is."""

    def get_content_type(self) -> str:
        return "application/json"

    def write_data(self, data: Any, datacontenttype: str | None) -> bytes:  # noqa: ARG002 -- the library's signature
        return data

    def read_data(self, body: bytes, datacontenttype: str | None) -> Any:  # noqa: ARG002 -- the library's signature
        return body

    def write(self, event: BaseCloudEvent) -> bytes:
        raise NotImplementedError

    def read(self, event_factory: object, data: str | bytes) -> BaseCloudEvent:
        raise NotImplementedError


@given(ENVELOPES)
def test_what_we_send_the_library_reads(envelope: Envelope):
    sent = to_message(envelope, BODY, user_id="u")
    event = from_binary(RabbitMQMessage(dict(sent.headers), sent.content_type, sent.body), AsItIs())
    said = event.get_attributes()
    assert isinstance(event, CloudEvent)
    assert (said["id"], said["source"], said["type"], said["specversion"]) == (
        str(envelope.id),
        envelope.source,
        envelope.type,
        "1.0",
    )
    assert (said["time"], said["datacontenttype"], event.get_data()) == (envelope.time, "application/json", BODY)
    assert said["partitionkey"] == said["correlationid"] == str(envelope.stream)
    named = {name.removeprefix("ce-") for name in sent.headers} | {"datacontenttype"}
    assert set(said) == named


@given(ENVELOPES)
def test_what_the_library_sends_we_read(envelope: Envelope):
    ours = to_message(envelope, BODY, user_id="u")
    attributes: dict[str, Any] = {name.removeprefix("ce-"): value for name, value in ours.headers.items()}
    attributes |= {"time": envelope.time, "datacontenttype": "application/json"}
    wire = to_binary(CloudEvent(attributes, BODY), AsItIs())
    assert dict(wire.headers) == dict(ours.headers)
    read = from_message(Message(ours.id, ours.routing_key, wire.headers, wire.body, "u", wire.content_type or ""))
    assert read == envelope


@given(ENVELOPES, st.integers(-14, 14))
def test_a_time_of_another_zone_is_the_same_instant(envelope: Envelope, hours: int):
    sent = to_message(envelope, BODY, user_id="u")
    elsewhere = envelope.time.astimezone(timezone(timedelta(hours=hours)))
    headers = {**sent.headers, "ce-time": elsewhere.isoformat()}
    assert from_message(Message("", "", headers, BODY, "u")).time == envelope.time


@pytest.mark.parametrize("version", ["0.3", "1.1", "2.0", ""])
def test_another_version_of_cloudevents_is_refused(version: str):
    headers = {**_some().headers, "ce-specversion": version}
    with pytest.raises(NoCloudEvent):
        from_message(Message("", "", headers, BODY, "u"))


def test_names_of_attributes_may_be_written_in_capitals():
    headers = {name.upper(): value for name, value in _some().headers.items()}
    assert from_message(Message("", "", headers, BODY, "u")).home == "norrby"


def _some() -> Message:
    headers = {
        "ce-id": "01a201ce-3910-76a4-97d5-46f367cf77d8",
        "ce-source": "/norrby/booking",
        "ce-type": "se.samspar.meeting.held.v1",
        "ce-specversion": "1.0",
        "ce-time": "2026-11-02T08:00:00Z",
        "ce-partitionkey": "01a201ce-3910-76a4-97d5-46f367cf77d8",
        "ce-sequence": "1",
        "ce-home": "norrby",
    }
    return Message("", "", headers, BODY, "u")

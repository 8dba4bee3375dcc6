"""What is told, to whom, and how another reads it."""

import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from pydantic import Field, ValidationError

from shared.envelope import Envelope
from shared.events import BadBody, Event, Heard
from shared.ids import uuid7

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


class LampLit(Event, type="lamp.lit"):
    """A lamp was lit."""

    lamp_id: UUID
    colour: str | None = None
    answers: dict[str, date] = Field(default_factory=dict)


class LampLater(Event, type="lamp.lit", version=2):
    """The next contract."""


class HeardLamp(Heard, type="lamp.lit"):
    """Of which this reader wants less."""

    lamp_id: UUID
    answers: dict[str, date] = Field(default_factory=dict)


def lit(**more: object) -> LampLit:
    given = {"case_id": uuid7(), "home": "norrby", "time": NOW, "lamp_id": uuid7()}
    return LampLit.model_validate(given | more)


def envelope(case: UUID | None = None) -> Envelope:
    return Envelope(
        id=uuid7(),
        source="/norrby/booking",
        type=LampLit.type,
        stream=uuid7(),
        sequence=1,
        time=NOW,
        case_id=case,
        home="norrby",
        addressee=None,
        causation=None,
        traceparent=None,
    )


def test_types():
    assert (LampLit.type, LampLater.type) == ("se.samspar.lamp.lit.v1", "se.samspar.lamp.lit.v2")
    assert HeardLamp.type == LampLit.type


def test_a_body_holds_what_is_not_in_the_envelope():
    told = lit(addressee="agency", told_to={"agency"})
    assert json.loads(told.body()) == {"lampId": str(told.lamp_id), "answers": {}}


def test_it_may_be_heard_by_the_teller_home_the_addressee_and_whom_home_names():
    assert lit().audience("norrby") == {"norrby"}
    told = lit(addressee="agency", told_to=frozenset({"clinic", ""}))
    assert told.audience("southby") == {"southby", "norrby", "agency", "clinic"}


def test_it_is_closed_and_does_not_change():
    with pytest.raises(ValidationError):
        lit(name="Anna")
    with pytest.raises(ValidationError):
        lit().colour = "red"  # pyright: ignore[reportAttributeAccessIssue] -- it is frozen


def test_a_reader_takes_what_it_knows():
    told = lit(colour="red")
    heard = HeardLamp.read(envelope(), told.body())
    assert heard.lamp_id == told.lamp_id
    assert not hasattr(heard, "colour")


def test_the_envelope_is_the_broker_s_word_not_the_body_s():
    body = json.dumps({"lampId": str(uuid7()), "envelope": {"source": "/elsewhere/booking"}}).encode()
    assert HeardLamp.read(envelope(), body).envelope.source == "/norrby/booking"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", "body"),
        (b"Anna", "body"),
        (b'["Anna"]', "body"),
        (b"{}", "lampId"),
        (b'{"lampId": "Anna"}', "lampId"),
        (b'{"lampId": "0190a0b2-5b5d-7cc3-9d5e-2f4f9a1c7f10", "answers": {"Anna": "Anna"}}', "answers"),
        (b'{"lampId": ' + b"[" * 10_000, "body"),
    ],
)
def test_a_bad_body_names_fields_and_never_what_is_in_them(body: bytes, fields: str):
    with pytest.raises(BadBody) as bad:
        HeardLamp.read(envelope(), body)
    assert bad.value.facts == {"fields": fields}
    assert "Anna" not in str(bad.value) + str(bad.value.facts)
    assert bad.value.__cause__ is None


def test_a_reader_that_needs_a_case_says_so():
    heard = HeardLamp.read(envelope(), lit().body())
    with pytest.raises(BadBody):
        _ = heard.case_id
    case = uuid7()
    assert HeardLamp.read(envelope(case), lit().body()).case_id == case

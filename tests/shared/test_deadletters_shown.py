"""What an operator sees of a dead letter, and what the logs say of it: never what its sender wrote."""

import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared.broker.protocol import Message, exchange_of
from shared.testing.apps import App, Platform

CANARIES = ("199001012385", "Almkvist", "almkvist")
FORMED = {
    "ce-id": str(uuid4()),
    "ce-source": "/agency/booking",
    "ce-type": "se.samspar.meeting.requested.v2",
    "ce-time": "2026-11-02T08:00:00+00:00",
    "ce-case": str(uuid4()),
    "ce-home": "norrby",
    "ce-addressee": "agency",
    "ce-causationid": str(uuid4()),
    "ce-sequence": "00000000000000000007",
    "ce-partitionkey": str(uuid4()),
}
ODD = {
    "ce-source": "/almkvist/booking",
    "ce-type": "se.samspar.alma.almkvist.v1",
    "ce-sequence": "00000000199001012385",
    "ce-home": "almkvist",
}


@pytest.fixture
async def booking(tmp_path: Path) -> AsyncGenerator[App]:
    async with Platform(tmp_path, deploy=Path(__file__).parents[2] / "deploy") as platform:
        yield await platform.start("norrby", "booking")


async def shown(booking: App, headers: dict[str, Any], body: bytes, id_: str = "1") -> Any:
    """The dead letter that a message of `agency` has become."""
    message = Message(
        id=id_, routing_key="agency.meeting.requested.v1", headers=headers, body=body, user_id="agency.booking"
    )
    async with booking.here.broker.publisher() as publisher:
        await publisher.publish(exchange_of("norrby"), [message])
    operator = booking.as_operator()
    (letter,) = (await operator.get("/dead-letters")).json()["items"]
    answer = await operator.get(f"/dead-letters/{letter['id']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_ids_times_names_and_fields_of_the_contract_are_shown(booking: App):
    letter = await shown(booking, FORMED, b'{"task": "t", "personId": "p", "round": 1}')
    assert letter["headers"] == FORMED
    assert letter["fields"] == ["personId", "round", "task"]


@pytest.mark.parametrize("wrong", [dict.fromkeys(FORMED, "Alma Almkvist 199001012385"), ODD], ids=["text", "odd"])
async def test_what_a_sender_wrote_is_neither_shown_nor_logged(
    booking: App, wrong: dict[str, str], caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    own = {"ce-subject": "199001012385", "ce-note": "Almkvist", "x-name": "Almkvist"}
    body = b'{"199001012385": 1, "Almkvist": {}, "task": "Almkvist"}'
    letter = await shown(booking, FORMED | wrong | own, body, id_="Alma Almkvist 199001012385")
    assert letter["headers"] == {name: value for name, value in FORMED.items() if name not in wrong}
    assert letter["fields"] == ["?", "task"]
    logged = " ".join(record.getMessage() for record in caplog.records)
    assert "is a dead letter" in logged
    assert not any(canary in f"{letter} {logged}" for canary in CANARIES)


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 200_000, b"\xff", b"[1]", b""], ids=range(5))
async def test_whatever_its_body_is_it_can_be_shown(booking: App, body: bytes):
    assert (await shown(booking, {}, body))["fields"] == []

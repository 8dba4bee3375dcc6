"""A case has parties in several organisations: each reads what it may hear of it, and nothing else."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from shared.broker.protocol import exchange_of
from shared.envelope import Envelope, to_message
from shared.events import Event
from shared.ids import play_id, uuid7
from shared.tasks import Participant, TaskFact
from shared.testing.apps import App, Platform
from shared.testing.asking import MONDAY

ORGANISATIONS = ("norrby", "agency")
UNITS = [Participant(organisation=organisation, party="unit") for organisation in ORGANISATIONS]


class CaseOpened(Event, type="case.opened"):
    pathway: str = "norrby/first"
    version: int = 1
    parties: list[Participant] = UNITS


class MeetingHeld(TaskFact, type="meeting.held"):
    """It took place."""


class DeadlineMissed(TaskFact, type="deadline.missed"):
    reach: str = "booked"
    due: datetime = MONDAY
    owner: str = "unit"


class DeadlineMet(DeadlineMissed, type="deadline.met"):
    """In time after all."""


async def tell(
    reporting: App, kind: type[Event], case: UUID, audience: Collection[str] | None, *, teller: str = "norrby.referral"
) -> str:
    """As inside an organisation, where the relay says who may hear it. Returns the id of the event."""
    fact: dict[str, Any] = {"case_id": case, "home": "norrby", "time": MONDAY}
    if issubclass(kind, TaskFact):
        fact |= {"task": "first-task", "round": 1, "play": play_id(case, "first-task", 1, 1)}
    event = kind(**fact)
    envelope = Envelope(
        id=uuid7(),
        source="/" + teller.replace(".", "/"),
        type=event.type,
        stream=case,
        sequence=1,
        time=event.time,
        case_id=case,
        home=event.home,
        addressee=None,
        causation=None,
        traceparent=None,
        audience=None if audience is None else frozenset(audience),
    )
    async with reporting.here.broker.publisher() as publisher:
        await publisher.publish(exchange_of("norrby"), [to_message(envelope, event.body(), user_id=teller)])
    return str(envelope.id)


async def read(reporting: App, path: str, organisation: str) -> list[Any]:
    return (await reporting.as_party("unit", organisation=organisation).get(path)).json()["items"]


@pytest.mark.parametrize(
    ("teller", "audience", "readers"),
    [
        ("norrby.booking", {"norrby"}, {"norrby"}),
        ("norrby.booking", {"norrby", "agency"}, {"norrby", "agency"}),
        ("norrby.booking", None, {"norrby"}),
        ("agency.booking", {"clinic"}, {"norrby", "agency"}),
        ("agency.booking", None, {"norrby", "agency"}),
    ],
)
async def test_a_line_is_shown_to_those_who_may_hear_it(
    reporting: App, teller: str, audience: set[str] | None, readers: set[str]
):
    """As its teller says, inside the own organisation; what others say of that is not believed."""
    await tell(reporting, CaseOpened, case := uuid7(), ORGANISATIONS)
    id_ = await tell(reporting, MeetingHeld, case, audience, teller=teller)
    shown = {name: await read(reporting, f"/cases/{case}/timeline", name) for name in ORGANISATIONS}
    assert {name for name, items in shown.items() if id_ in {item["id"] for item in items}} == readers


async def test_what_another_home_tells_is_shown_to_those_who_take_part_here(tmp_path: Path):
    """It reached this organisation, so this organisation may hear it."""
    organisations = {"norrby": ("reporting",), "agency": ("referral", "booking")}
    async with Platform(tmp_path, deploy=Path(__file__).parents[2] / "deploy", organisations=organisations) as platform:
        reporting, case = await platform.start("norrby", "reporting"), uuid7()
        await reporting.hears(CaseOpened(case_id=case, home="agency", time=MONDAY))
        held = MeetingHeld(case_id=case, home="agency", time=MONDAY, task="t", round=1, play=uuid7())
        await reporting.hears(held, teller="agency.booking")
        for organisation in ORGANISATIONS:
            items = await read(reporting, f"/cases/{case}/timeline", organisation)
            assert [item["type"] for item in items] == ["case.opened", "meeting.held"]


@pytest.mark.parametrize("first", [DeadlineMissed, DeadlineMet])
async def test_a_deadline_is_shown_to_those_who_may_hear_what_became_of_it(reporting: App, first: type[Event]):
    """Whatever comes first: the agency was told that it was missed, and is not told that it held after all."""
    told: dict[type[Event], Collection[str]] = {DeadlineMissed: ORGANISATIONS, DeadlineMet: ("norrby",)}
    await tell(reporting, CaseOpened, case := uuid7(), ORGANISATIONS)
    for kind in (first, *(told.keys() - {first})):
        await tell(reporting, kind, case, told[kind])
    for path in ("/deadlines", f"/cases/{case}/deadlines"):
        assert [each["state"] for each in await read(reporting, path, "norrby")] == ["held"]
        assert await read(reporting, path, "agency") == []

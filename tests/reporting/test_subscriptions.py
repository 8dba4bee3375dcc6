"""What reporting makes of events: the same, in whatever order and however often they come."""

from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from shared.events import Event
from shared.ids import play_id, uuid7
from shared.tasks import Participant, TaskFact
from shared.testing.apps import App, Platform
from shared.testing.asking import MONDAY, requested

DUE = MONDAY + timedelta(hours=24)
PARTIES = [
    Participant(party="clinic", organisation="norrby"),
    Participant(party="officer", organisation="agency"),
]


class CaseOpened(Event, type="case.opened"):
    pathway: str = "norrby/first"
    version: int = 3
    parties: list[Participant] = PARTIES


class CaseMoved(Event, type="case.moved"):
    task: str = "first-task"
    round: int = 1
    kind: str = "meeting"
    moment: str = "held"
    outcome: str | None = "held"
    parties: list[Participant] | None = None


class CaseClosed(Event, type="case.closed"):
    ending: str = "finished"


class MeetingBooked(TaskFact, type="meeting.booked"):
    starts: datetime = DUE


class MeetingHeld(TaskFact, type="meeting.held"):
    reason: str | None = None


class DeadlineMet(TaskFact, type="deadline.met"):
    reach: str = "booked"
    due: datetime = DUE
    owner: str = "clinic"
    learnt_late: bool = False


class DeadlineMissed(TaskFact, type="deadline.missed"):
    reach: str = "booked"
    due: datetime = DUE
    owner: str = "clinic"


def of(kind: type[Event], case: UUID, after: timedelta = timedelta(0), **fields: Any) -> Any:
    """A fact of `norrby`'s case, `after` Monday at eight."""
    given: dict[str, Any] = {"case_id": case, "home": "norrby", "time": MONDAY + after}
    if issubclass(kind, TaskFact):
        given |= {"task": "first-task", "round": 1, "play": play_id(case, "first-task", 1, 1)}
    return kind(**given | fields)


async def shown(reporting: App, what: str) -> Any:
    return (await reporting.as_party("clinic").get(what)).json()["items"]


async def test_a_case_told_backwards_reads_forwards(reporting: App, platform: Platform):
    case, hour = uuid7(), timedelta(hours=1)
    await platform.at(MONDAY + timedelta(days=2))
    await reporting.hears(of(CaseClosed, case, 4 * hour))
    await reporting.hears(of(MeetingHeld, case, 3 * hour, outcome="held"), teller="norrby.booking")
    await reporting.hears(of(MeetingBooked, case, 2 * hour), teller="norrby.booking")
    await reporting.hears(requested("meeting", case, party="clinic", at=MONDAY + hour))
    await reporting.hears(of(CaseOpened, case))
    items = await shown(reporting, f"/cases/{case}/timeline")
    told = [(item["type"], item["moment"], item["outcome"], item["time"][11:16]) for item in items]
    assert told == [
        ("case.opened", "opened", None, "08:00"),
        ("meeting.requested", "requested", None, "09:00"),
        ("meeting.booked", "booked", None, "10:00"),
        ("meeting.held", "held", "held", "11:00"),
        ("case.closed", "closed", "finished", "12:00"),
    ]
    booked = items[2]
    assert (booked["task"], booked["round"], booked["source"]) == ("first-task", 1, "/norrby/booking")
    assert booked["play"] == str(play_id(case, "first-task", 1, 1))
    assert booked["recorded"] == "2026-11-04T08:00:00Z"
    (summary,) = await shown(reporting, "/cases")
    assert summary == {
        "id": str(case),
        "home": "norrby",
        "pathway": "norrby/first",
        "pathwayVersion": 3,
        "openedAt": "2026-11-02T08:00:00Z",
        "closedAt": "2026-11-02T12:00:00Z",
        "ending": "finished",
    }


async def test_what_is_heard_twice_is_there_once(reporting: App):
    case = uuid7()
    for event in (of(CaseOpened, case), of(MeetingBooked, case), of(DeadlineMet, case)):
        teller = "norrby.booking" if isinstance(event, MeetingBooked) else None
        id_ = await reporting.hears(event, teller=teller)
        await reporting.hears(event, teller=teller, id_=id_)
    assert len(await shown(reporting, f"/cases/{case}/timeline")) == 3
    assert len(await shown(reporting, "/deadlines")) == 1
    assert await reporting.parked() == []


@pytest.mark.parametrize("order", list(permutations(("opened", "missed", "met"))))
async def test_a_deadline_met_after_all_corrects_the_miss(reporting: App, platform: Platform, order: tuple[str, ...]):
    case = uuid7()
    await platform.at(MONDAY + timedelta(days=2))
    events: dict[str, Event] = {
        "opened": of(CaseOpened, case),
        "missed": of(DeadlineMissed, case, timedelta(hours=24)),
        "met": of(DeadlineMet, case, timedelta(hours=20), learnt_late=True),
    }
    for name in order:
        await reporting.hears(events[name])
    (deadline,) = await shown(reporting, f"/cases/{case}/deadlines")
    assert deadline == {
        "caseId": str(case),
        "task": "first-task",
        "round": 1,
        "play": str(play_id(case, "first-task", 1, 1)),
        "reach": "booked",
        "owner": "clinic",
        "due": "2026-11-03T08:00:00Z",
        "state": "held",
        "at": "2026-11-03T04:00:00Z",
        "learntLate": True,
    }
    assert await shown(reporting, "/deadlines?state=missed") == []


async def test_each_deadline_is_one_of_its_own(reporting: App, platform: Platform):
    case = uuid7()
    await platform.at(MONDAY + timedelta(days=2))
    await reporting.hears(of(CaseOpened, case))
    await reporting.hears(of(DeadlineMet, case))
    await reporting.hears(of(DeadlineMissed, case, timedelta(hours=30), reach="ended", due=DUE + timedelta(hours=6)))
    await reporting.hears(of(DeadlineMissed, case, timedelta(hours=24), play=play_id(case, "first-task", 1, 2)))
    found = [(each["reach"], each["state"]) for each in await shown(reporting, f"/cases/{case}/deadlines")]
    assert sorted(found[:2]) == [("booked", "held"), ("booked", "missed")]
    assert found[2:] == [("ended", "missed")]


async def test_a_newcomer_sees_the_case_from_then_on(reporting: App):
    case = uuid7()
    newcomer = reporting.as_party("school")
    await reporting.hears(of(CaseOpened, case))
    assert (await newcomer.get(f"/cases/{case}/timeline")).status_code == 404
    await reporting.hears(of(CaseMoved, case, parties=[Participant(party="school", organisation="norrby")]))
    items = (await newcomer.get(f"/cases/{case}/timeline")).json()["items"]
    assert [(item["type"], item["moment"], item["outcome"]) for item in items][1:] == [("case.moved", "held", "held")]


@pytest.mark.parametrize(
    ("teller", "home"),
    [
        ("agency.referral", "norrby"),
        ("agency.referral", "agency"),
        ("norrby.referral", "agency"),
    ],
)
async def test_only_home_says_who_takes_part(tmp_path_factory: pytest.TempPathFactory, teller: str, home: str):
    organisations = {"norrby": ("referral", "reporting"), "agency": ("referral",)}
    deploy = Path(__file__).parents[2] / "deploy"
    async with Platform(tmp_path_factory.mktemp("p"), deploy=deploy, organisations=organisations) as platform:
        reporting = await platform.start("norrby", "reporting")
        case = uuid7()
        await reporting.hears(of(CaseOpened, case))
        spy = Participant(party="spy", organisation="agency")
        await reporting.hears(of(CaseOpened, case, home=home, parties=[spy]), teller=teller)
        spying = reporting.as_party("spy", organisation="agency")
        assert (await spying.get(f"/cases/{case}/timeline")).status_code == 404
        assert [type_ for type_, _ in await reporting.parked()] == ["case.opened.v1"]


@pytest.mark.parametrize(
    "text", ["Anna came late", "Anna", "199001012385", "anna-900101", "anna_900101-2385", "held\n"]
)
@pytest.mark.parametrize("field", ["task", "outcome", "reason"])
async def test_free_text_does_not_get_in(reporting: App, field: str, text: str):
    """Words of a pathway are lower-case, and no date of birth fits into one."""
    case = uuid7()
    await reporting.hears(of(CaseOpened, case))
    said: dict[str, Any] = {field: text}
    await reporting.hears(of(MeetingHeld, case, **said), teller="norrby.booking")
    await reporting.hears(of(MeetingHeld, case, outcome="track_2-24h"), teller="norrby.booking")
    items = await shown(reporting, f"/cases/{case}/timeline")
    assert [(item["type"], item["outcome"]) for item in items][1:] == [("meeting.held", "track_2-24h")]
    assert await reporting.parked() == [("meeting.held.v1", "dead")]

"""Who may read what reporting knows."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.events import Event
from shared.ids import play_id, uuid7
from shared.tasks import Participant, TaskFact
from shared.testing.apps import App
from shared.testing.asking import MONDAY


class CaseOpened(Event, type="case.opened"):
    pathway: str = "norrby/first"
    version: int = 1
    parties: list[Participant]


class DeadlineMissed(TaskFact, type="deadline.missed"):
    reach: str = "booked"
    due: datetime = MONDAY
    owner: str = "clinic"


async def opened(reporting: App, *parties: tuple[str, str], missed: int = 0) -> UUID:
    """A case with these (organisation, party) pairs in it, and so many missed deadlines."""
    case = uuid7()
    named = [Participant(party=party, organisation=organisation) for organisation, party in parties]
    common: dict[str, Any] = {"case_id": case, "home": "norrby", "time": MONDAY}
    await reporting.hears(CaseOpened(parties=named, **common))
    for n in range(missed):
        play = play_id(case, "t", 1, n)
        due = MONDAY + timedelta(hours=n)
        await reporting.hears(DeadlineMissed(task="t", round=1, play=play, due=due, **common))
    return case


async def test_a_party_reads_its_own_cases_alone(reporting: App):
    ours = await opened(reporting, ("norrby", "clinic"), ("agency", "officer"), missed=1)
    theirs = await opened(reporting, ("norrby", "school"), missed=1)
    clinic, officer = reporting.as_party("clinic"), reporting.as_party("officer", organisation="agency")
    for client, heard in ((clinic, [str(ours)]), (officer, [])):
        assert [each["id"] for each in (await client.get("/cases")).json()["items"]] == [str(ours)]
        assert [each["caseId"] for each in (await client.get("/deadlines")).json()["items"]] == heard
        for what in ("timeline", "deadlines"):
            assert (await client.get(f"/cases/{ours}/{what}")).status_code == 200
            assert (await client.get(f"/cases/{theirs}/{what}")).status_code == 404
            assert (await client.get(f"/cases/{uuid7()}/{what}")).status_code == 404
    assert (await reporting.as_party("clinic", organisation="agency").get("/cases")).json()["items"] == []


async def test_an_operator_reads_any_case_by_a_route_of_its_own(reporting: App):
    case = await opened(reporting, ("norrby", "clinic"), missed=1)
    operator = reporting.as_operator()
    for what, n in (("timeline", 2), ("deadlines", 1)):
        assert len((await operator.get(f"/operations/cases/{case}/{what}")).json()["items"]) == n
        assert (await operator.get(f"/operations/cases/{uuid7()}/{what}")).status_code == 404
        assert (await operator.get(f"/cases/{case}/{what}")).status_code == 403
        for other in (reporting.as_party("clinic"), reporting.as_operator("agency")):
            assert (await other.get(f"/operations/cases/{case}/{what}")).status_code == 403


async def test_lists_have_pages(reporting: App):
    client = reporting.as_party("clinic")
    await opened(reporting, ("norrby", "clinic"), missed=3)
    await opened(reporting, ("norrby", "clinic"))
    assert (await client.get("/cases?limit=1")).json()["_meta"]["totalRecords"] == 2
    page = (await client.get("/deadlines?state=missed&limit=2")).json()
    rest = (await client.get(page["_links"]["next"]["href"])).json()
    due = [each["due"][11:16] for each in page["items"] + rest["items"]]
    assert due == ["10:00", "09:00", "08:00"]
    assert (await client.get("/deadlines?state=held")).json()["items"] == []
    for unknown in ("lost", "\0"):
        assert (await client.get("/deadlines", params={"state": unknown})).status_code == 422


async def test_nothing_can_be_changed_here(reporting: App):
    schema = (await reporting.as_nobody().get("/reporting/v1/openapi.json")).json()
    changing = {path for path, operations in schema["paths"].items() if operations.keys() - {"get", "parameters"}}
    assert changing == {
        "/reporting/v1/dead-letter-replays",
        "/reporting/v1/dead-letters/{deadLetterId}/replays",
        "/reporting/v1/dead-letters/{deadLetterId}/skips",
        "/reporting/v1/reconciliations",
    }

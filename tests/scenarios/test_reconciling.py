"""Services compare what each other told over HTTP: what was lost is rebuilt, and nobody learns what is not for them."""

import json
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, select

from reporting.domain import CaseSummary, Entry
from shared import tables
from shared.ids import uuid7
from shared.reconciling import Wanted, Watermark
from shared.testing.apps import App
from shared.testing.numbers import until
from shared.testing.two import Two


async def compared(app: App, *, heals: bool = True) -> Mapping[str, Watermark]:
    return {each.source: each for each in await app.here.reconciler.round(Wanted(uuid7(), heals))}


async def keys(app: App) -> set[UUID]:
    async with app.here.database.reading() as connection:
        return set(await connection.scalars(select(tables.inbox.c.id)))


async def lost(two: Two, app: App, organisation: str, **settings: Any) -> App:
    """The service's database is gone; it is started with an empty one."""
    await app.stop()
    service = app.here.whoami.service
    for file in (two.platform.directory / organisation).glob(f"{service}.db*"):
        file.unlink()
    return await started(two, organisation, service, **settings)


async def started(two: Two, organisation: str, service: str, **settings: Any) -> App:
    """It runs, reads its queue, and nobody has anything left to do."""
    app = await two.platform.start(organisation, service, **settings)

    async def reads() -> bool:
        return app.here.inbox.consuming

    await until(reads)
    await two.platform.quiet()
    return app


async def tables_of(app: App, *kinds: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    async with app.here.database.reading() as connection:
        for kind in kinds:
            rows = await connection.execute(select(kind.__table__).order_by(kind.__table__.c.id))
            found[kind.__name__] = [{k: v for k, v in row.items() if k != "changed_at"} for row in rows.mappings()]
    return found


async def test_nothing_is_missing_where_nothing_was_lost(two: Two) -> None:
    await two.refer()
    await two.say(await two.basis(), "grants")
    for app in two.platform.apps.values():
        found = await compared(app)
        assert [each for each in found.values() if each.missing or each.healed] == []
        assert {each.fault for each in found.values()} <= {None, "PartnerAway"}


async def test_a_lost_read_model_is_rebuilt(two: Two) -> None:
    await two.refer()
    await two.say(await two.basis(), "grants")
    before, heard = await tables_of(two.reporting, CaseSummary, Entry), await keys(two.reporting)
    assert before["Entry"]
    rebuilt = await lost(two, two.reporting, "norrby", reconcile_first=True)
    assert await keys(rebuilt) == heard
    assert await tables_of(rebuilt, CaseSummary, Entry) == before
    assert await rebuilt.parked() == []


async def test_another_organisation_rebuilds_what_it_may_hear_and_learns_no_other_id(two: Two) -> None:
    shared = await two.refer()
    await two.say(await two.basis(), "grants")
    await two.refer("198501012382")
    heard, meetings = await keys(two.theirs), await meetings_of(two.theirs)
    assert meetings
    client = two.referral.as_service("granholm", "booking")
    ids = {item["id"] for item in (await client.get("/event-ids")).json()["items"]}
    told = await two.referral.told()
    assert ids == {str(fact.id) for fact in told if "granholm" in fact.audience}
    secret = [str(fact.id) for fact in told if "granholm" not in fact.audience]
    assert secret
    assert (await client.get("/event-messages", params={"id": secret[:50]})).json() == {"items": []}
    said = (await client.get("/event-messages", params={"id": [*ids]})).text
    assert "ce-audience" not in said
    rebuilt = await lost(two, two.theirs, "granholm", reconcile_first=True)
    assert await keys(rebuilt) == heard
    assert await meetings_of(rebuilt) == meetings
    assert {case for _, case in meetings} == {shared["caseId"]}


async def meetings_of(app: App) -> list[tuple[str, str]]:
    items = (await app.as_party("labour_market_unit").get("/meetings")).json()["items"]
    return [(item["id"], item["caseId"]) for item in items]


@pytest.mark.parametrize("path", ["/event-ids", "/event-messages?id=0190a0b2-41c7-7d15-8f02-6be39a7d5c04"])
async def test_only_services_of_the_platform_may_ask(two: Two, path: str) -> None:
    assert (await two.booking.as_party("social_services").get(path)).status_code == 403
    assert (await two.booking.as_operator().get(path)).status_code == 403
    assert (await two.booking.as_nobody().get(f"/booking/v1{path}")).status_code == 401
    assert (await two.booking.as_service("granholm", "booking").get(path)).status_code == 200


def forging(change: Callable[[dict[str, Any]], None]) -> Callable[..., Awaitable[httpx.Response]]:
    """A delivery that changes what is told again on its way."""

    async def deliver(request: httpx.Request, deliver: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        answer = await deliver()
        if not request.url.path.endswith("/event-messages"):
            return answer
        said = json.loads(await answer.aread())
        for item in said["items"]:
            change(item)
        return httpx.Response(200, json=said)

    return deliver


def as_another(item: dict[str, Any]) -> None:
    item["headers"]["ce-source"] = "/norrby/consent"


def with_another_id(item: dict[str, Any]) -> None:
    item["headers"]["ce-id"] = str(uuid7())


def of_another_kind(item: dict[str, Any]) -> None:
    item["headers"]["ce-type"] = "se.samspar.consent.granted.v1"


def unreadable(item: dict[str, Any]) -> None:
    item["headers"].pop("ce-home")


@pytest.mark.parametrize("change", [as_another, with_another_id, of_another_kind, unreadable])
async def test_an_intruder_s_answer_is_not_taken_in(two: Two, change: Callable[[dict[str, Any]], None]) -> None:
    """What is told again is believed only of the source that was asked, and only what was asked for."""
    await two.refer()
    await two.say(await two.basis(), "grants")
    rebuilt = await lost(two, two.theirs, "granholm")
    two.platform.network.delivery = forging(change)
    found = (await compared(rebuilt))["/norrby/referral"]
    assert (found.missing > 0, found.healed, await keys(rebuilt)) == (True, 0, set())
    assert await rebuilt.parked() == []
    flow = await rebuilt.flow()
    assert flow["missing"] == {"/norrby/referral": found.missing}
    assert flow["faults"]["reconciling"] == "EventsMissing"
    assert (await rebuilt.as_nobody().get("/flowz")).status_code == 503


async def test_operators_see_what_is_missing_and_have_it_healed(two: Two) -> None:
    await two.refer()
    await two.say(await two.basis(), "grants")
    async with two.booking.here.database.writing() as connection:
        await connection.execute(delete(tables.inbox))
    operators = two.booking.as_operator()
    assert (await operators.get("/reconciliation")).json()["items"] == []
    dry = await asked(two.booking, operators, {"heals": False})
    missing = sum(each["missing"] for each in dry)
    assert missing
    assert await keys(two.booking) == set()
    healed = await asked(two.booking, operators, {})
    assert [sum(each[name] for each in healed) for name in ("missing", "healed")] == [0, missing]
    assert all(each["told"] == each["here"] for each in healed)
    assert len(await keys(two.booking)) == missing
    assert (await two.booking.as_party("social_services").get("/reconciliation")).status_code == 403
    assert (await two.booking.as_operator("granholm").post("/reconciliations", json={})).status_code == 403


async def asked(app: App, operators: httpx.AsyncClient, body: dict[str, Any]) -> list[dict[str, Any]]:
    """What a round found that the operators asked for."""
    answer = await operators.post("/reconciliations", json=body)
    assert answer.status_code == 202, answer.text
    while True:
        said = (await operators.get("/reconciliation")).json()
        if [each["round"] for each in said["items"]] == [answer.json()["round"]] * said["expected"]:
            return said["items"]
        assert app.here.inbox.consuming


async def test_who_does_not_answer_keeps_nobody_waiting(two: Two) -> None:
    await two.refer()
    two.platform.network.away.add("referral.norrby.example")
    found = await compared(two.booking)
    assert (found["/norrby/referral"].fault, found["/norrby/consent"].fault) == ("PartnerAway", None)
    assert (await two.booking.flow())["faults"] == {}
    two.platform.network.away.clear()
    assert (await compared(two.booking))["/norrby/referral"].fault is None


async def test_a_restored_home_asks_again_by_the_same_plays(two: Two) -> None:
    """It hears again what it heard since its backup, and tells again what followed: under other ids, of the same plays.

    What was asked of others is known to them by its play, so nothing is asked twice.
    """
    case = (await two.refer())["caseId"]
    file = two.platform.directory / "norrby" / "referral.db"
    with closing(sqlite3.connect(file)) as kept, closing(sqlite3.connect(f"{file}.backup")) as backup:
        kept.backup(backup)
    await two.say(await two.basis(), "grants")
    asked_before, meetings = await requests(two, case), await meetings_of(two.theirs)
    assert meetings
    await compared(two.theirs)
    await two.referral.stop()
    for left in file.parent.glob("referral.db-*"):
        left.unlink()
    shutil.move(f"{file}.backup", file)
    referral = await started(two, "norrby", "referral", reconcile_first=True)
    two.referral = referral
    assert await requests(two, case) == asked_before
    assert await meetings_of(two.theirs) == meetings
    assert [await app.parked() for app in two.platform.apps.values() if await app.parked()] == []
    found = (await compared(two.theirs))["/norrby/referral"]
    assert (found.restored_at is not None, found.missing) == (True, 0)
    assert (await two.theirs.flow())["faults"]["reconciling"] == "LogRestored"
    await asked(two.theirs, two.theirs.as_operator(), {"accepts": ["/norrby/referral"]})
    assert (await two.theirs.flow())["faults"] == {}


async def requests(two: Two, case: str) -> list[tuple[str, str]]:
    """What home asks of others: (fact, play)."""
    told = await two.referral.told(case=UUID(case))
    return [(each.fact, each.said["play"]) for each in told if each.fact.endswith(".requested")]

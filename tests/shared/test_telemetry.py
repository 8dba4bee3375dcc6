"""One trace from a request through event rows, bus and services; and nothing where nobody asked for traces."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from sqlalchemy import text

from shared.http.policies import FEED
from shared.ids import uuid7
from shared.outbox import EVENTS, STREAMS
from shared.telemetry import tracer
from shared.testing.apps import FIVE, App, Platform
from shared.testing.asking import MONDAY, requested
from shared.testing.numbers import until
from shared.testing.referring import referral_of
from shared.testing.spans import Spans, is_child, trace_of

PATHWAY = "bengtsfors/income-support"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncGenerator[Platform]:
    organisations = {"bengtsfors": FIVE, "agency": ("booking",)}
    async with Platform(tmp_path, deploy=DEPLOY, organisations=organisations) as platform:
        yield platform


@pytest.fixture
async def referral(platform: Platform) -> App:
    return await platform.start("bengtsfors", "referral")


def links_of(span: ReadableSpan) -> list[str]:
    return [f"{link.context.trace_id:032x}" for link in span.links]


async def test_one_trace_leads_from_the_referral_to_every_service_and_what_it_tells(
    platform: Platform, referral: App
) -> None:
    booking = await platform.start("bengtsfors", "booking")
    reporting = await platform.start("bengtsfors", "reporting")
    spans = Spans()
    client = referral.as_party("social_services")
    answer = await client.post("/referrals", json=referral_of(PATHWAY), headers={"traceparent": PARENT})
    assert answer.headers["traceparent"].split("-")[1] == TRACE
    await platform.quiet()

    post = spans.one("POST /referral/v1/referrals")
    received = spans.one("send samspar.bengtsfors", messaging__destination__name="referral.received.v1")
    home = spans.one("process samspar.bengtsfors.referral", cloudevents__event_type="referral.received.v1")
    asked = spans.one("send samspar.bengtsfors", messaging__destination__name="meeting.requested.v1")
    booked = spans.one("process samspar.bengtsfors.booking", cloudevents__event_type="meeting.requested.v1")
    seen = spans.one("process samspar.bengtsfors.reporting", cloudevents__event_type="meeting.requested.v1")
    stored = spans.one("COMMIT", db__operation__name="COMMIT")
    hops = ((post, stored), (post, received), (received, home), (home, asked), (asked, booked), (asked, seen))
    for parent, child in hops:
        assert is_child(child, parent), (parent.name, child.name)
    assert trace_of(post) == TRACE
    assert {trace_of(span) for span in spans.ended if not span.name.startswith("GET")} == {TRACE}
    assert not reporting.app.state.here.flow.faults()

    (meeting,) = (await booking.as_party("social_services").get("/meetings")).json()["items"]
    spans = Spans()
    await book(booking, meeting["id"])
    await platform.quiet()
    said = spans.one("POST /booking/v1/meetings/{meetingId}/bookings")
    told = spans.one("send samspar.bengtsfors", messaging__destination__name="meeting.booked.v1")
    heard = spans.one("process samspar.bengtsfors.referral", cloudevents__event_type="meeting.booked.v1")
    met = spans.one("send samspar.bengtsfors", messaging__destination__name="deadline.met.v1")
    for parent, child in ((said, told), (told, heard), (heard, met)):
        assert is_child(child, parent), (parent.name, child.name)


async def test_the_rows_of_what_is_told_keep_the_trace(platform: Platform, referral: App) -> None:
    """So that a relay which sends them days later goes on from there."""
    client = referral.as_party("social_services")
    Spans()
    await client.post("/referrals", json=referral_of(PATHWAY), headers={"traceparent": PARENT})
    await platform.quiet()
    feed = (await referral.as_party("reader", scopes=[FEED]).get("/events")).json()["items"]
    assert len(feed) >= 2
    assert {item["traceparent"].split("-")[1] for item in feed} == {TRACE}


@pytest.mark.parametrize(
    "said",
    [
        "",
        "x",
        PARENT[:-3],
        PARENT.upper().replace("-01", "-ZZ"),
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        "ff-" + PARENT[3:],
    ],
)
async def test_a_malformed_traceparent_is_as_none(referral: App, said: str) -> None:
    spans = Spans()
    answer = await referral.as_party("social_services").get("/referrals", headers={"traceparent": said})
    assert answer.status_code == 200
    span = spans.one("GET /referral/v1/referrals")
    assert span.parent is None
    assert answer.headers["traceparent"].split("-")[1] == trace_of(span) != TRACE


async def test_flags_that_are_not_known_yet_are_taken(referral: App) -> None:
    answer = await referral.as_party("social_services").get("/referrals", headers={"traceparent": PARENT[:-2] + "03"})
    assert answer.headers["traceparent"].split("-")[1] == TRACE


async def test_an_error_has_the_trace_too_and_names_it(referral: App) -> None:
    spans = Spans()
    client = referral.as_party("social_services")
    for answer in (
        await client.get(f"/referrals/{uuid7()}", headers={"traceparent": PARENT}),
        await client.post("/referrals", json={}, headers={"traceparent": PARENT}),
    ):
        assert answer.headers["traceparent"].split("-")[1] == TRACE
        assert answer.json()["instance"] == f"urn:trace:{TRACE}"
    codes = [span.attributes["http.response.status_code"] for span in spans.ended if span.attributes]
    assert codes == [404, 422]


async def test_another_organisation_s_trace_is_linked_and_not_continued(referral: App) -> None:
    """At the border of an organisation a new root begins: its sampling is its own."""
    spans = Spans()
    foreign = referral.as_party("clinic", organisation="agency")
    for client in (foreign, referral.as_party("clinic", scopes=[]), referral.as_nobody()):
        path = "/referral/v1/referrals" if client.auth is None else "/referrals"
        await client.get(path, headers={"traceparent": PARENT})
    theirs, own, nobody = spans.named("GET /referral/v1/referrals")
    assert (trace_of(own), own.links) == (TRACE, ())
    for span in (theirs, nobody):
        assert span.parent is None
        assert trace_of(span) != TRACE
        assert links_of(span) == [TRACE]


async def test_what_another_organisation_tells_is_linked(platform: Platform) -> None:
    booking = await platform.start("agency", "booking")
    referral = await platform.start("bengtsfors", "referral")
    spans = Spans()
    request = requested(
        "meeting", uuid7(), party="officer", home="bengtsfors", organisation="agency", addressee="agency"
    )
    async with referral.here.database.transaction(traceparent=PARENT) as uow:
        await uow.lock(request.case_id)
        uow.emit(request)
    await platform.quiet()
    assert booking.organisation == "agency"
    sent = spans.one("send samspar.agency", messaging__destination__name="meeting.requested.v1")
    heard = spans.one("process samspar.agency.booking", cloudevents__event_type="meeting.requested.v1")
    assert trace_of(sent) == TRACE
    assert (heard.parent, links_of(heard)) == (None, [TRACE])


async def test_a_replay_is_a_root_of_its_own_with_a_link(platform: Platform, referral: App) -> None:
    """A case that cannot be read is a bug: its fact goes to the desk, and is replayed when the case is mended."""
    booking = await platform.start("bengtsfors", "booking")
    await referral.as_party("social_services").post("/referrals", json=referral_of(PATHWAY))
    await platform.quiet()
    (meeting,) = (await booking.as_party("social_services").get("/meetings")).json()["items"]
    await run(referral, """UPDATE "case" SET file = 'x' || file""")
    spans = Spans()
    await book(booking, meeting["id"], traceparent=PARENT)
    await platform.quiet()
    assert await referral.parked() == [("meeting.booked.v1", "dead")]
    await run(referral, """UPDATE "case" SET file = substr(file, 2)""")
    operator = referral.as_operator()
    (letter,) = (await operator.get("/dead-letters")).json()["items"]
    await operator.post(f"/dead-letters/{letter['id']}/replays", json={"reason": "repaired"})

    async def gone() -> bool:
        return not await referral.parked()

    await until(gone)
    name = "process samspar.bengtsfors.referral"
    first, again = [s for s in spans.named(name) if ".booked." in str((s.attributes or {})["cloudevents.event_type"])]
    assert (trace_of(first), first.status.status_code.name) == (TRACE, "ERROR")
    assert (again.parent, links_of(again)) == (None, [TRACE])


async def run(app: App, statement: str) -> None:
    async with app.here.database.writing() as connection:
        await connection.execute(text(statement))


async def book(booking: App, meeting: str, **headers: str) -> None:
    starts = MONDAY + timedelta(days=1)
    times = {"starts": starts.isoformat(), "ends": (starts + timedelta(hours=1)).isoformat()}
    client = booking.as_party("social_services")
    assert (await client.post(f"/meetings/{meeting}/bookings", json=times, headers=headers)).status_code == 201


ALONE = """
import asyncio, sys, time
from datetime import datetime
from pathlib import Path
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from shared.testing.apps import FIVE, Platform

async def main():
    endpoint = sys.argv[2] or None
    async with Platform(Path(sys.argv[1]), deploy=Path(sys.argv[3]), organisations={"bengtsfors": FIVE}) as platform:
        app = await platform.start("bengtsfors", "booking", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
        client, times = app.as_party("clinic"), []
        answer = await client.get("/meetings", headers={"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"})
        for _ in range(300):
            started = time.perf_counter()
            await client.get("/meetings")
            times.append(time.perf_counter() - started)
        set_up = isinstance(trace.get_tracer_provider(), TracerProvider)
        stopping = time.perf_counter()
    print(set_up, sorted(times)[len(times) // 2], time.perf_counter() - stopping, answer.headers.get("traceparent"))

asyncio.run(main())
"""


def alone(directory: Path, endpoint: str) -> tuple[bool, float, float, str]:
    """In a process of its own: whether tracing was set up, median seconds a request, seconds to stop, traceparent."""
    arguments = [sys.executable, "-c", ALONE, str(directory), endpoint, str(DEPLOY)]
    said = subprocess.run(arguments, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    return said[0] == "True", float(said[1]), float(said[2]), said[3]


def test_without_an_endpoint_nothing_is_set_up_and_the_trace_is_passed_on(tmp_path: Path) -> None:
    set_up, _, _, traceparent = alone(tmp_path, "")
    assert not set_up
    assert traceparent == f"00-{'a' * 32}-{'b' * 16}-01"


def test_a_dead_endpoint_stops_nobody(tmp_path: Path) -> None:
    """Port 9 answers nobody. Measured once: 0.3 ms more a request with all spans recorded."""
    set_up, _, stopping, _ = alone(tmp_path / "with", "http://127.0.0.1:9")
    assert set_up
    assert stopping < 15


async def test_a_span_names_the_route_and_not_what_was_asked_for(referral: App) -> None:
    spans = Spans()
    await referral.as_party("social_services").get("/referrals/189001019802", params={"name": "Almkvist"})
    span = spans.one("GET /referral/v1/referrals/{referralId}")
    assert not [said for said in ("189001019802", "Almkvist") if said in span.to_json()]


async def test_what_fails_at_the_commit_is_not_quoted_in_its_span(referral: App) -> None:
    spans, row = Spans(), {"id": uuid7(), "sequence": "canary"}
    with tracer().start_as_current_span("request"), pytest.raises(Exception):  # noqa: B017, PT011, PT012 -- whatever a driver says to nonsense
        async with referral.here.database.transaction() as uow:
            uow.put(STREAMS, row)
            uow.put(EVENTS, row)
    assert spans.named("COMMIT")
    assert "canary" not in spans.text()
    assert "INSERT" not in spans.text()

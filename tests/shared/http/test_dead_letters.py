"""The operators' routes about dead letters, in a real service over both databases."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from shared.ids import uuid7
from shared.testing.apps import App, Platform
from shared.testing.asking import requested
from shared.testing.numbers import until

NOBODY = "The officer's number is 19900101-2385."


@pytest.fixture(params=["sqlite", "postgresql"])
async def booking(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[App]:
    settings: dict[str, Any] = {}
    if request.param == "postgresql":
        new_database: Callable[[], str] = request.getfixturevalue("new_database")
        settings["database_url"] = SecretStr(new_database())
    async with Platform(tmp_path, deploy=Path(__file__).parents[3] / "deploy") as platform:
        app = await platform.start("norrby", "booking", **settings)
        yield app


async def run(booking: App, statement: str) -> None:
    async with booking.here.database.writing() as connection:
        await connection.execute(text(statement))


async def dead(booking: App, *cases: UUID) -> list[dict[str, Any]]:
    """Requests for meetings that die since a table is away, which then is there again; the oldest first.
    Their teller is told.
    """
    await run(booking, "ALTER TABLE meeting RENAME TO meeting_away")
    for case in cases:
        await booking.hears(requested("meeting", case, party="clinic", sees=[("agency", "officer")]))
    await run(booking, "ALTER TABLE meeting_away RENAME TO meeting")

    async def told() -> bool:
        return len(await booking.told("message.died")) == len(cases)

    await until(told)
    return (await get(booking, "/dead-letters?limit=100"))["items"][::-1]


async def get(booking: App, path: str, **query: Any) -> Any:
    answer = await booking.as_operator().get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def post(booking: App, path: str, **body: Any) -> httpx.Response:
    return await booking.as_operator().post(path, json=body)


async def settled(booking: App, replay: httpx.Response) -> dict[str, Any]:
    """The report of a replay once each has its result."""
    assert replay.status_code == 202, replay.text
    path = f"/dead-letter-replays/{replay.json()['id']}"

    async def ended() -> bool:
        return (await get(booking, path))["left"] == 0

    await until(ended)
    said = await get(booking, path)
    return {name: said[name] for name in ("queued", "ran", "parked")}


async def test_a_dead_letter_tells_attempts_errors_times_and_who_has_to_act(booking: App):
    case = uuid7()
    (letter,) = await dead(booking, case)
    assert letter["type"] == "se.samspar.meeting.requested.v1"
    assert (letter["stream"], letter["source"], letter["state"]) == (str(case), "/norrby/referral", "dead")
    assert (letter["cause"], letter["attempts"]) == ("platform", 1)
    assert letter["firstError"] == letter["lastError"]
    assert letter["firstError"].isidentifier(), "the kind of an error, never its text"
    assert letter["firstAt"] == letter["lastAt"] == letter["diedAt"]
    assert letter["nextAt"] is None


async def test_letters_are_listed_by_pages_and_by_what_is_asked(booking: App):
    cases = [uuid7() for _ in range(5)]
    letters = await dead(booking, *cases)
    first = await get(booking, "/dead-letters?limit=2")
    assert (first["_meta"]["totalRecords"], len(first["items"])) == (5, 2)
    found, page = list(first["items"]), first
    while "next" in page["_links"]:
        page = await get(booking, page["_links"]["next"]["href"].partition("/booking/v1")[2])
        found += page["items"]
    assert found == letters[::-1]

    async def ids(**query: Any) -> list[int]:
        return [each["id"] for each in (await get(booking, "/dead-letters", **query))["items"]]

    assert await ids(case=cases[3]) == await ids(event=letters[3]["eventId"]) == [letters[3]["id"]]
    assert await ids(state="waiting") == await ids(cause="schema") == await ids(organisation="agency") == []
    assert len(await ids(state=["dead", "waiting"], organisation="norrby", cause="platform")) == 5
    assert await ids(since=letters[3]["parkedAt"], until=letters[4]["parkedAt"]) == [letters[3]["id"]]
    assert len(await ids(type="se.samspar.meeting.requested.v1")) == 5
    for query in ({"state": "lost"}, {"type": NOBODY}, {"since": "2026-11-02"}, {"organisation": "nobody-here"}):
        assert (await booking.as_operator().get("/dead-letters", params=query)).status_code == 422, query
    things = "AZ3m8wAAcAAAAAAAAAAAAA=="
    assert (await booking.as_operator().get(f"/dead-letters?cursor={things}")).status_code == 422


async def test_a_dry_run_shows_what_a_replay_then_does(booking: App):
    case = uuid7()
    (letter,) = await dead(booking, case)
    said = await get(booking, f"/dead-letters/{letter['id']}/dry-run")
    assert (said["result"], said["complete"]) == ("would-run", True)
    rows = [(row["table"], row["kind"]) for row in said["rows"]]
    assert sorted(set(rows)) == [("meeting", "inserted"), ("parked", "deleted"), ("part", "inserted")]
    meeting = next(row for row in said["rows"] if row["table"] == "meeting")
    assert meeting["values"]["case_id"] == {"before": None, "after": str(case)}
    assert meeting["values"]["status"]["after"] == "requested", "a word of the meeting's moves"
    assert {"person_id", "status", "changed_at"} <= meeting["values"].keys()
    assert {"task", "home", "kind"}.isdisjoint(meeting["values"]), "what may be any text is named alone"
    assert [event["type"] for event in said["events"]] == ["se.samspar.message.replayed.v1"]
    assert await booking.as_party("clinic").get("/meetings") is not None
    assert (await booking.as_party("clinic").get("/meetings")).json()["items"] == []
    assert (await get(booking, "/dead-letters"))["items"] == [letter], "it stays as it was"
    replay = await post(booking, f"/dead-letters/{letter['id']}/replays", reason="repaired")
    assert await settled(booking, replay) == {"queued": 1, "ran": 1, "parked": 0}
    (item,) = (await booking.as_party("clinic").get("/meetings")).json()["items"]
    assert item["id"] == meeting["values"]["id"]["after"]
    lines = (await get(booking, "/resolutions"))["items"][::-1]
    assert [(line["action"], line["result"]) for line in lines] == [
        ("dry-run", "would-run"),
        ("replay", "queued"),
        ("replay", "ran"),
    ]


async def test_a_dry_run_says_what_it_would_meet(booking: App):
    (letter,) = await dead(booking, uuid7())
    await run(booking, "ALTER TABLE meeting RENAME TO meeting_away")
    said = await get(booking, f"/dead-letters/{letter['id']}/dry-run")
    assert (said["result"], said["cause"], said["state"]) == ("would-park", "platform", "dead")
    assert (said["rows"], said["events"], said["timers"], said["then"]) == ([], [], [], [])
    assert said["error"] == letter["lastError"]


async def test_many_are_replayed_by_case_organisation_and_time_with_a_report(booking: App):
    cases = [uuid7() for _ in range(4)]
    letters = await dead(booking, *cases)
    replay = await post(booking, "/dead-letter-replays", reason="repaired", case=str(cases[0]))
    assert await settled(booking, replay) == {"queued": 1, "ran": 1, "parked": 0}
    replay = await post(booking, "/dead-letter-replays", reason="repaired", organisation="norrby", limit=1)
    assert await settled(booking, replay) == {"queued": 1, "ran": 1, "parked": 0}
    since = letters[3]["parkedAt"]
    replay = await post(
        booking, "/dead-letter-replays", reason="try-again", since=since, note="The window of the fault"
    )
    assert await settled(booking, replay) == {"queued": 1, "ran": 1, "parked": 0}
    assert [each["stream"] for each in (await get(booking, "/dead-letters"))["items"]] == [str(cases[2])]
    assert (await post(booking, "/dead-letter-replays", reason="repaired")).status_code == 422
    assert (await booking.as_operator().get(f"/dead-letter-replays/{uuid4()}")).status_code == 404


async def test_what_is_skipped_is_remembered_with_who_and_why(booking: App):
    (letter,) = await dead(booking, uuid7())
    path = f"/dead-letters/{letter['id']}/skips"
    assert (await post(booking, path, reason="done-by-hand", note="Booked by telephone.")).status_code == 202
    assert (await post(booking, path, reason="done-by-hand")).status_code == 404
    (line,) = (await get(booking, "/resolutions", letter=letter["id"], action="skip"))["items"]
    assert (line["result"], line["reason"], line["note"]) == ("skipped", "done-by-hand", "Booked by telephone.")
    assert (line["actor"], line["eventId"]) == ("operations-1", letter["eventId"])
    assert line["client"]
    told = [each.fact for each in await booking.told()]
    assert told == ["message.died", "message.skipped"]


@pytest.mark.parametrize(
    "note", [NOBODY, "1990 01 01", "karin@example.org", "070-174 06 05", "x" * 201, "9.9.0.1.0.1", ""]
)
async def test_a_note_that_may_name_a_person_is_refused_and_not_repeated(booking: App, note: str):
    (letter,) = await dead(booking, uuid7())
    for path in (
        f"/dead-letters/{letter['id']}/skips",
        f"/dead-letters/{letter['id']}/replays",
        "/dead-letter-replays",
    ):
        answer = await post(booking, path, reason="duplicate" if "skips" in path else "repaired", note=note)
        assert answer.status_code == 422
        assert not note or note not in answer.text
    assert (await get(booking, "/resolutions"))["items"] == []


async def test_reasons_are_closed_words(booking: App):
    (letter,) = await dead(booking, uuid7())
    for path in ("skips", "replays"):
        for body in ({}, {"reason": "because"}, {"reason": "duplicate" if path == "replays" else "repaired"}):
            assert (await post(booking, f"/dead-letters/{letter['id']}/{path}", **body)).status_code == 422


async def test_a_chain_tells_who_stands_behind_whom(booking: App):
    case = uuid7()
    await run(booking, "ALTER TABLE meeting RENAME TO meeting_away")
    for n in (1, 2):
        await booking.hears(requested("meeting", case, party="clinic", n=n))
    await run(booking, "ALTER TABLE meeting_away RENAME TO meeting")
    said = await get(booking, f"/chains/{case}")
    first, second = said["links"]
    assert (said["stream"], said["length"]) == (str(case), 2)
    assert (first["because"], first["behind"], first["cause"]) == ("failed", [], "platform")
    assert (second["because"], second["behind"], second["state"]) == ("behind", [first["id"]], "behind")
    replay = await post(booking, "/dead-letter-replays", reason="repaired", case=str(case))
    await settled(booking, replay)

    async def gone() -> bool:
        return (await get(booking, f"/chains/{case}"))["length"] == 0

    await until(gone)


async def test_what_died_elsewhere_is_counted_and_listed_where_it_was_told(tmp_path: Path):
    async with Platform(tmp_path, deploy=Path(__file__).parents[3] / "deploy") as platform:
        booking = await platform.start("norrby", "booking")
        referral = await platform.start("norrby", "referral")
        async with referral.here.database.transaction() as uow:
            request = requested("meeting", uuid7(), party="clinic")
            await uow.lock(request.case_id)
            uow.emit(request)
            await run(booking, "ALTER TABLE meeting RENAME TO meeting_away")

        async def known() -> bool:
            return (await get(referral, "/flow"))["undelivered"] == 1

        await until(known)
        assert (await get(booking, "/flow"))["undelivered"] == 0
        (event,) = await referral.told("meeting.requested")
        (ours,) = (await get(referral, "/undelivered"))["items"]
        assert (ours["eventId"], ours["receiver"]) == (str(event.id), "/norrby/booking")
        assert (ours["state"], ours["cause"]) == ("died", "platform")
        assert ours["type"] == "se.samspar.meeting.requested.v1"
        (letter,) = (await get(booking, "/dead-letters"))["items"]
        await post(booking, f"/dead-letters/{letter['id']}/skips", reason="told-by-mistake")
        await platform.quiet()
        assert (await get(referral, "/flow"))["undelivered"] == 0
        assert (await get(referral, "/undelivered", state="died"))["items"] == []
        (ours,) = (await get(referral, "/undelivered", state="skipped"))["items"]


async def test_they_are_for_those_who_run_the_service(booking: App):
    (letter,) = await dead(booking, uuid7())
    id_ = letter["id"]
    reading = ["/dead-letters", f"/dead-letters/{id_}", f"/dead-letters/{id_}/dry-run", f"/chains/{uuid4()}"]
    reading += ["/resolutions", "/undelivered", f"/dead-letter-replays/{uuid4()}"]
    for client in (booking.as_party("clinic"), booking.as_operator("agency")):
        assert {(await client.get(path)).status_code for path in reading} == {403}
        for path in (f"/dead-letters/{id_}/replays", f"/dead-letters/{id_}/skips", "/dead-letter-replays"):
            assert (await client.post(path, json={"reason": "forged"})).status_code == 403
    assert (await get(booking, "/resolutions"))["items"] == []

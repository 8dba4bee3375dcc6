"""`samspar dead-letters` against what runs: find what died, try it dry, replay or skip it, and look it up later."""

import json
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from shared.cli.letters_shown import changes, tree

SECONDS = 120.0

Run = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def running(place: Path, start: Start) -> Path:
    """Five services; the folder of their databases."""
    start("up")
    urls: dict[str, str] = yaml.safe_load((place / "deploy/parties/bengtsfors.yaml").read_text())["urls"]
    for url in urls.values():
        until = time.monotonic() + SECONDS
        while not _answers(url):
            assert time.monotonic() < until, f"nobody answers at {url}"
            time.sleep(0.1)
    return place / ".samspar/up/bengtsfors"


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=10, trust_env=False).is_success
    except httpx.TransportError:
        return False


def sql(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute(statement)


def listed(samspar: Run, command: str, *arguments: object) -> list[dict[str, Any]]:
    return json.loads(samspar("dead-letters", command, *arguments, "--json").output)


def soon(samspar: Run, command: str, *arguments: object) -> list[dict[str, Any]]:
    """As soon as there is anything."""
    until = time.monotonic() + SECONDS
    while not (found := listed(samspar, command, *arguments)):
        assert time.monotonic() < until
        time.sleep(0.1)
    return found


def test_a_request_that_dies_is_found_tried_dry_replayed_and_remembered(running: Path, samspar: Run):
    sql(running / "booking.db", "ALTER TABLE meeting RENAME TO meeting_away")
    samspar("refer", "examples/bengtsfors/referral.json")
    (letter,) = soon(samspar, "list", "--type", "meeting.requested.v1", "--service", "booking")
    (ours,) = soon(samspar, "undelivered")
    assert (ours["service"], ours["eventId"], ours["state"]) == ("referral", letter["eventId"], "died")
    sql(running / "booking.db", "ALTER TABLE meeting_away RENAME TO meeting")

    number, case, where = letter["id"], letter["stream"], ("--service", "booking")
    assert str(number) in samspar("dead-letters", "list").output
    assert listed(samspar, "list", "--cause", "schema", *where) == []
    assert [each["id"] for each in listed(samspar, "list", "--case", case, "--organisation", "bengtsfors")] == [number]
    assert (
        f"└─ {number} meeting.requested.v1 from /bengtsfors/referral" in samspar("dead-letters", "chain", case).output
    )
    assert json.loads(samspar("dead-letters", "show", number, *where).output)["id"] == number
    dry = samspar("dead-letters", "dry-run", number, *where).output
    assert dry.startswith("It would run.\n")
    assert "  inserted meeting (" in dry
    assert "which dead letters are meant" in samspar("dead-letters", "replay", *where, "--reason", "repaired").refusal
    replayed = samspar("dead-letters", "replay", *where, "--case", case, "--reason", "repaired", "--note", "Table back")
    assert replayed.output == "1 queued: 1 ran, 0 parked again.\n"
    lines = listed(samspar, "history", number, *where)
    assert [(line["action"], line["result"]) for line in lines] == [
        ("replay", "ran"),
        ("replay", "queued"),
        ("dry-run", "would-run"),
    ]
    assert (lines[1]["actor"], lines[1]["client"], lines[1]["note"]) == ("operations", "samspar-cli", "Table back")
    assert "Table back" in samspar("dead-letters", "history", "--case", case).output
    assert samspar("dead-letters", "list").output == "No dead letters.\n"
    assert samspar("dead-letters", "chain", case).output == "Nothing is parked there.\n"
    refused = samspar("dead-letters", "skip", number, *where, "--reason", "duplicate").refusal
    assert refused.startswith("The service said no: There is no such thing here")


def test_a_chain_is_a_tree_and_a_long_one_says_so():
    def link(id_: int, state: str, because: str, *behind: int) -> dict[str, Any]:
        told = {"type": "se.samspar.meeting.held.v1", "source": "/agency/booking", "attempts": 2}
        error = {"cause": "receiver", "lastError": "receiver/later: Wait."} if not behind else {"lastError": None}
        return {"id": id_, "state": state, "because": because, "behind": behind} | told | error

    links = [link(1, "failed", "failed"), link(2, "behind", "behind", 1), link(3, "behind", "behind", 1, 4)]
    said = {"stream": "c", "length": 9, "links": [*links, link(4, "behind", "next") | {"lastError": None}]}
    told = "meeting.held.v1 from /agency/booking"
    assert list(tree(said)) == [
        "c: 9 parked",
        f"├─ 1 {told}, failed: its own failure (2 attempts, receiver: receiver/later: Wait.)",
        f"│  ├─ 2 {told}, behind: behind 1",
        f"│  └─ 3 {told}, behind: behind 1, 4",
        f"└─ 4 {told}, behind: nobody holds it; it is next (2 attempts)",
        "and 5 more",
    ]


def test_a_dry_run_is_told_line_by_line():
    cells = {"id": {"before": "x", "after": "x"}, "status": {"before": "requested", "after": "booked"}}
    said: dict[str, Any] = {
        "result": "would-run",
        "rows": [{"table": "meeting", "kind": "changed", "columns": ["status", "room"], "values": cells}],
        "events": [{"type": "se.samspar.meeting.booked.v1", "stream": "s", "audience": ["agency", "norrby"]}],
        "timers": [{"kind": "answer", "stream": "s", "change": "deleted", "due": "2026-11-02T08:00:00Z"}],
        "then": [{"id": 7, "type": "se.samspar.meeting.held.v1", "state": "behind"}],
        "complete": False,
    }
    assert list(changes(said)) == [
        "It would run.",
        "  changed meeting (status, room) id: x, status: requested → booked",
        "  tells meeting.booked.v1 of s to agency, norrby",
        "  timer answer of s deleted, due 2026-11-02T08:00:00Z",
        "  then 7 meeting.held.v1 (behind)",
        "  and more that is not shown",
    ]
    refused = {"result": "would-park", "state": "dead", "cause": "platform", "error": "KeyError"}
    assert list(changes(refused)) == ["It would be parked (dead), platform: KeyError"]

"""`samspar reconcile` against what runs: services that ask each other over HTTP what was told."""

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

SECONDS = 120.0

Run = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def booking(place: Path, start: Start) -> Path:
    """Five services; the database of one."""
    start("up")
    urls: dict[str, str] = yaml.safe_load((place / "deploy/parties/bengtsfors.yaml").read_text())["urls"]
    for url in urls.values():
        until = time.monotonic() + SECONDS
        while not _answers(url):
            assert time.monotonic() < until, f"nobody answers at {url}"
            time.sleep(0.1)
    return place / ".samspar/up/bengtsfors/booking.db"


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=10, trust_env=False).is_success
    except httpx.TransportError:
        return False


def count(database: Path) -> int:
    with closing(sqlite3.connect(database, timeout=10)) as connection:
        return connection.execute("SELECT count(*) FROM inbox").fetchone()[0]


def test_what_is_missing_is_shown_and_then_healed(booking: Path, samspar: Run) -> None:
    assert samspar("reconcile").output == "Nothing was compared yet; --once does it now.\n"
    samspar("refer", "examples/bengtsfors/referral.json")
    until = time.monotonic() + SECONDS
    while not count(booking):
        assert time.monotonic() < until
        time.sleep(0.1)
    found = json.loads(samspar("reconcile", "--once", "--json").output)
    assert {each["fault"] for each in found if each["source"].startswith("/bengtsfors/")} == {None}
    assert {each["fault"] for each in found if each["source"].startswith("/af/")} == {"PartnerAway"}
    assert sum(each["missing"] for each in found) == 0 < sum(each["here"] for each in found)
    with closing(sqlite3.connect(booking, timeout=10)) as connection, connection:
        connection.execute("DELETE FROM inbox")
        connection.execute("DELETE FROM parked")
        connection.execute("DELETE FROM meeting")
    where = ("--service", "booking")
    dry = json.loads(samspar("reconcile", *where, "--dry-run", "--from-start", "--json").output)
    missing = {each["source"]: each["missing"] for each in dry if each["missing"]}
    assert missing.keys() == {"/bengtsfors/referral"}
    assert samspar("reconcile", *where).output.endswith("takes them from their tellers.\n")
    assert count(booking) == 0
    healed = json.loads(samspar("reconcile", *where, "--from-start", "--json").output)
    assert {each["source"]: each["healed"] for each in healed if each["healed"]} == missing
    assert count(booking) == missing["/bengtsfors/referral"]
    accepted = samspar("reconcile", *where, "--accept", "/bengtsfors/referral")
    assert accepted.output.endswith("Nothing is missing so far.\n")

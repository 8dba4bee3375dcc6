"""`samspar up`: services start, or one sentence says why not; they end cleanly, and tell the truth about their flow."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml

from shared.testing.servers import free_port
from shared.vault import KeyRing

SECONDS = 120.0

Run = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]


def urls(place: Path) -> dict[str, str]:
    return yaml.safe_load((place / "deploy/parties/bengtsfors.yaml").read_text())["urls"]


def answer(url: str) -> httpx.Response:
    """As soon as anybody answers there."""
    until = time.monotonic() + SECONDS
    while True:
        try:
            return httpx.get(url, timeout=10, trust_env=False)
        except httpx.TransportError:
            assert time.monotonic() < until, f"nobody answers at {url}"
            time.sleep(0.1)


def ended(process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
    """Exit code, and what it said on standard error."""
    process.send_signal(number)
    _, said = process.communicate(timeout=SECONDS)
    return process.returncode, said


def test_refer_where_token_and_dead_letters_against_what_runs(place: Path, samspar: Run, start: Start):
    up = start("up")
    assert answer(f"{urls(place)['reporting']}/readyz").status_code == 200
    received = json.loads(samspar("refer", "examples/bengtsfors/referral.json", "--json").output)
    again = json.loads(samspar("refer", "examples/bengtsfors/referral.json", "--json").output)
    assert again["caseId"] == received["caseId"]
    until = time.monotonic() + SECONDS
    while not (said := json.loads(samspar("where", received["caseId"], "--json").output))["referral"]["items"]:
        assert time.monotonic() < until
    assert said["referral"]["items"][0]["owner"] == "social_services"
    assert "Socialtjänsten" in samspar("where", received["caseId"], "--language", "sv").output
    assert samspar("where", UUID(int=0)).refusal.startswith("No service here knows that case. ")
    assert samspar("dead-letters", "list").output == "No dead letters.\n"
    assert "bengtsfors runs: " in samspar("dead-letters", "list", "--service", "weather").refusal
    assert samspar("token", "social_services", "--service", "booking").output.count(".") == 2
    assert "Another process owns the data directory." in samspar("up").refusal
    code, errors = ended(up)
    assert (code, "Traceback" in errors) == (0, False)
    assert "No platform was started here." in samspar("dead-letters", "list").refusal
    away = samspar("dead-letters", "list", "--data", ".samspar/up").refusal
    assert "of .samspar/up; it does not answer at" in away


def test_a_port_that_is_taken_is_named(place: Path, start: Start):
    address = urls(place)["booking"].removeprefix("http://")
    with socket.create_server(("127.0.0.1", int(address.partition(":")[2]))):
        up = start("up")
        _, said = up.communicate(timeout=SECONDS)
    assert up.returncode == 1
    assert said.splitlines()[-1] == (
        f"samspar: Something else listens there already. End what listens on {address}, or give booking another port."
    )


BROKER = ("--broker", "amqp://127.0.0.1:1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("weather",), "Install samspar-weather, or name one of: assessment, booking"),
        (("booking", *BROKER), "Give --broker and the service's --database together, or neither."),
        ((*BROKER, "--database", "postgresql://127.0.0.1:1/b"), "On a broker name one service"),
        (("--organisation", "norrby"), "Known here: af, bengtsfors"),
        (("booking", "--organisation", "af", "--host", "0.0.0.0"), "or listen on 127.0.0.1"),
        (("consent", "--organisation", "af"), "Say in af.yaml where its consent is"),
    ],
)
def test_what_cannot_be_started_is_said(samspar: Run, arguments: tuple[str, ...], said: str):
    up = samspar("up", *arguments)
    assert (up.code, said in up.refusal) == (1, True), up.refusal


@pytest.mark.parametrize(
    ("named", "listed"),
    [
        ((), ("bengtsfors", "trollhattan")),
        (("consent",), ("bengtsfors", "trollhattan")),
        (("booking", "assessment"), ("af", "bengtsfors", "trollhattan")),
    ],
)
def test_where_several_organisations_fit_the_commands_are_listed(
    samspar: Run, monkeypatch: pytest.MonkeyPatch, named: tuple[str, ...], listed: tuple[str, ...]
):
    monkeypatch.delenv("SAMSPAR_ORGANISATION")
    refusal = samspar("up", *named).refusal
    what = " ".join(["samspar up", *named])
    assert refusal.splitlines()[1:] == [f"  {what} --organisation {name}" for name in listed]


def test_where_one_organisation_is_whole_it_is_that(place: Path, start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SAMSPAR_ORGANISATION")
    (place / "deploy/parties/trollhattan.yaml").unlink()
    af = place / "deploy/parties/af.yaml"
    af.write_text(af.read_text().replace("  trollhattan: exchange\n", ""))
    up = start("up", "booking")
    assert answer(f"{urls(place)['booking']}/readyz").status_code == 200
    assert ended(up)[0] == 0


def test_at_a_port_and_those_that_follow_all_are_found(place: Path, samspar: Run, start: Start):
    first = free_port()
    up = start("up", "--port", first)
    for n in range(5):
        assert answer(f"http://127.0.0.1:{first + n}/readyz").status_code == 200
    received = json.loads(samspar("refer", "examples/bengtsfors/referral.json", "--json").output)
    until = time.monotonic() + SECONDS
    while not (said := json.loads(samspar("where", received["caseId"], "--json").output))["referral"]["items"]:
        assert time.monotonic() < until
    port = first + list(urls(place)).index("booking")
    assert f"http://127.0.0.1:{port}/booking/v1" in samspar("where", received["caseId"]).output, said
    assert first != int(urls(place)["referral"].rpartition(":")[2])
    assert ended(up)[0] == 0


def test_what_is_wrong_with_the_parties_is_said(place: Path, samspar: Run):
    (place / "deploy/parties/af.yaml").write_text("title: {sv: [")
    assert "af.yaml: (whole file): not readable as YAML." in samspar("up").refusal


def test_without_its_servers_a_service_starts_and_says_that_nothing_flows(place: Path, start: Start):
    KeyRing.open(place / "data/bengtsfors/keyring.json")
    port, nowhere = free_port(), free_port()
    servers = ("--broker", f"amqp://127.0.0.1:{nowhere}", "--database", f"postgresql://u@127.0.0.1:{nowhere}/booking")
    up = start("up", "booking", *servers, "--port", port, "--data", "data")
    assert answer(f"http://127.0.0.1:{port}/livez").status_code == 200
    assert answer(f"http://127.0.0.1:{port}/readyz").status_code == 503
    assert answer(f"http://127.0.0.1:{port}/flowz").status_code == 503
    assert up.poll() is None
    code, errors = ended(up, signal.SIGTERM)
    assert (code, "Traceback" in errors) == (0, False)
